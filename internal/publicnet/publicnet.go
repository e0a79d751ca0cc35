// Package publicnet makes HTTP connections to the public internet and to nowhere else.
// Whoever may name an address that Steward calls must not reach through it what only
// Steward can reach: databases, metadata services of clouds, other machines behind the
// same wall. The address is judged when the connection is made, after names were
// resolved, so a name that changes its address meanwhile gains nothing.
package publicnet

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"steward/internal/failure"
)

// Rule says what may be reached beside public addresses.
type Rule struct {
	// Loopback lets this machine be reached too; for the dev environment only.
	Loopback bool
}

const (
	// connectTimeout is how long a connection may take, and TLS on it.
	connectTimeout = 10 * time.Second
	// idleTimeout ends connections that nobody uses: calls come in bursts.
	idleTimeout = 30 * time.Second
	// maxHeader bounds what an answer may say before its body.
	maxHeader = 64 << 10
)

// reserved are the networks that are not public although Go's own questions do not
// name them: the registries of special addresses for IPv4 and IPv6 (RFC 6890).
func reserved() []netip.Prefix {
	texts := []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
		// Ways to write an IPv4 address in IPv6: NAT64, 6to4, Teredo; and discard, documentation, SRv6, site-local.
		"64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/23", "100::/64", "2001:db8::/32", "3fff::/20", "5f00::/16", "fec0::/10", "::/96",
	}

	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		prefixes[i] = netip.MustParsePrefix(text)
	}

	return prefixes
}

// Public reports whether an address is one of the public internet.
func Public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsGlobalUnicast() || address.IsPrivate() || address.IsLoopback() || address.IsLinkLocalUnicast() {
		return false
	}

	for _, prefix := range reserved() {
		if prefix.Contains(address) {
			return false
		}
	}

	return true
}

// Allows reports whether an address may be reached.
func (r Rule) Allows(address netip.Addr) bool {
	return Public(address) || r.Loopback && address.Unmap().IsLoopback()
}

// Transport makes connections by the rule. It knows no proxy, which would resolve names
// in its own place. A connection that is not allowed fails with WebhookURLRefused.
func Transport(rule Rule) *http.Transport {
	dialer := &net.Dialer{
		Timeout: connectTimeout,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			target, err := netip.ParseAddrPort(address)
			if err != nil || !rule.Allows(target.Addr()) {
				return failure.New(failure.WebhookURLRefused, "connecting to an address that is not public")
			}

			return nil
		},
	}

	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: connectTimeout, IdleConnTimeout: idleTimeout,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, MaxResponseHeaderBytes: maxHeader, ForceAttemptHTTP2: true,
	}
}
