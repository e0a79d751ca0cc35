package config

import (
	"net"
	"net/netip"
	"time"

	"github.com/caarlos0/env/v11"

	"steward/internal/clientaddr"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/ratelimit"
)

// API are the variables of the API's door.
type API struct {
	// Listen is the address of the API: an IP address and a port.
	Listen string `env:"STEWARD_API_LISTEN" envDefault:"127.0.0.1:8480"`
	// Certificate and Key are the files of the TLS certificate chain and its key, in
	// PEM; both or none. They are read again when they change.
	Certificate string `env:"STEWARD_API_TLS_CERT"`
	// Key is the file of the certificate's key.
	Key string `env:"STEWARD_API_TLS_KEY"`
	// Proxies are the networks of the proxies before the API, whose forwarding header
	// is believed, separated by commas.
	Proxies []string `env:"STEWARD_API_PROXIES"`
	// Forwarded names the header in which they say who called: x-forwarded-for or
	// cf-connecting-ip.
	Forwarded string `env:"STEWARD_API_FORWARDED" envDefault:"x-forwarded-for"`
	// Plain allows HTTP without TLS beyond loopback: only for connections from Proxies,
	// which have TLS, or from a network of containers.
	Plain bool `env:"STEWARD_API_PLAIN_FOR_PROXIES"`
	// Connections is the largest number of connections to the steward database.
	Connections int32 `env:"STEWARD_API_CONNECTIONS" envDefault:"16"`
	// AddressRate and CredentialRate are the requests per second that one address (an
	// IPv6 /64) and one credential may send, with twice that at once; 0 is no limit.
	AddressRate float64 `env:"STEWARD_API_ADDRESS_RATE" envDefault:"2000"`
	// CredentialRate is that of one credential.
	CredentialRate float64 `env:"STEWARD_API_CREDENTIAL_RATE" envDefault:"2000"`
	// AuthLog is the file for fail2ban with the addresses from which wrong credentials
	// came (contrib/fail2ban); empty means none.
	AuthLog string `env:"STEWARD_API_AUTH_LOG"`
	// Drain is how long an ending process still takes requests while it says that it is
	// not ready: as long as what is before it needs to notice.
	Drain time.Duration `env:"STEWARD_API_DRAIN" envDefault:"5s"`

	// Finder finds out who called; made from Proxies and Forwarded.
	Finder clientaddr.Finder `env:"-"`

	loopback bool
}

// The bounds of what may be set.
const (
	maxConnections = 500         // PostgreSQL's own default is a hundred for all
	maxDrain       = time.Minute // an orchestrator kills what takes longer
	maxRate        = 1_000_000
	// burstSeconds is how many seconds' worth of requests may come at once.
	burstSeconds = 2
	// documentRate is how many documents one address gets in a second: they have some
	// 200 kB, and a person or a generator reads one now and then.
	documentRate = 5
)

// LoadAPI reads the variables of the API. It fails with ConfigInvalid for what makes
// no sense or would send tokens over a network in plain text, and with DevOnly for a
// dev environment that would listen beyond this machine.
func LoadAPI(environment policy.Environment) (API, error) {
	var api API
	if err := env.Parse(&api); err != nil {
		return API{}, failure.Wrap(failure.ConfigInvalid, "reading the environment", err)
	}

	host, _, err := net.SplitHostPort(api.Listen)
	if err != nil {
		return API{}, failure.New(failure.ConfigInvalid, "reading STEWARD_API_LISTEN (an IP address and a port, such as 127.0.0.1:8480)")
	}

	address, err := netip.ParseAddr(host)
	if err != nil {
		return API{}, failure.New(failure.ConfigInvalid, "reading STEWARD_API_LISTEN (an IP address in digits, since a name may lead elsewhere)")
	}

	api.loopback = address.IsLoopback()
	if environment == policy.Dev && !api.loopback {
		return API{}, beyond("STEWARD_API_LISTEN")
	}

	if api.Finder, err = clientaddr.New(api.Proxies, api.Forwarded); err != nil {
		return API{}, err
	}

	return api, api.check()
}

// check refuses what contradicts itself.
func (a API) check() error {
	wrong := ""

	switch {
	case (a.Certificate == "") != (a.Key == ""):
		wrong = "STEWARD_API_TLS_CERT and STEWARD_API_TLS_KEY: both or none"
	case a.Certificate != "" && a.Plain:
		wrong = "STEWARD_API_PLAIN_FOR_PROXIES: with a certificate nothing is plain"
	case a.Plain && len(a.Finder.Proxies) == 0:
		wrong = "STEWARD_API_PLAIN_FOR_PROXIES: name the proxies in STEWARD_API_PROXIES"
	case a.Certificate == "" && !a.loopback && !a.Plain:
		wrong = "STEWARD_API_LISTEN: beyond loopback there must be STEWARD_API_TLS_CERT, or proxies with STEWARD_API_PLAIN_FOR_PROXIES"
	case a.Connections < 1 || a.Connections > maxConnections:
		wrong = "STEWARD_API_CONNECTIONS: 1 to 500"
	case !isRate(a.AddressRate), !isRate(a.CredentialRate):
		wrong = "STEWARD_API_ADDRESS_RATE and STEWARD_API_CREDENTIAL_RATE: 0 to 1000000 in a second"
	case a.Drain < 0 || a.Drain > maxDrain:
		wrong = "STEWARD_API_DRAIN: 0s to 1m"
	}

	if wrong != "" {
		return failure.New(failure.ConfigInvalid, "reading the environment ("+wrong+")")
	}

	return nil
}

// isRate refuses what is no number too.
func isRate(rate float64) bool { return rate >= 0 && rate <= maxRate }

// ProxyOnly says that only the configured proxies may connect: what travels is plain.
func (a API) ProxyOnly() bool { return a.Plain && !a.loopback }

// Secure says that callers reach the API by TLS, its own or a proxy's.
func (a API) Secure() bool { return a.Certificate != "" || len(a.Finder.Proxies) > 0 }

// AddressLimit is what one address may send.
func (a API) AddressLimit() ratelimit.Limit { return limit("address", a.AddressRate) }

// DocumentLimit is how often one address may have the documents of the API: never more
// often than anything else. Without a limit for addresses it has none either.
func (a API) DocumentLimit() ratelimit.Limit {
	return limit("document", min(a.AddressRate, documentRate))
}

// CredentialLimit is what one credential may send.
func (a API) CredentialLimit() ratelimit.Limit { return limit("credential", a.CredentialRate) }

func limit(name string, rate float64) ratelimit.Limit {
	return ratelimit.Limit{Name: name, PerSecond: rate, Burst: max(1, int(rate*burstSeconds))}
}
