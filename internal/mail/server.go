// Package mail speaks to a mail server: one connection, one request after the
// other, each through the fault gate. What is sent leaves this machine only over
// TLS, unless the server is on this machine itself.
package mail

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"steward/internal/failure"
	"steward/internal/patience"
)

// The ports of the two schemes, where an address names none: submission with
// STARTTLS (RFC 6409) and with TLS from the first byte (RFC 8314).
const (
	portSubmission = "587"
	portTLS        = "465"
)

// Server is where mail is handed over.
type Server struct {
	// Host and Port are its address; the certificate must be for Host.
	Host, Port string
	// User and Password log in; an empty User does not.
	User, Password string
	// Implicit says that TLS begins with the first byte; else STARTTLS is required,
	// unless the host is on loopback.
	Implicit bool
	// Roots verify the certificate; nil for those of the machine.
	Roots *x509.CertPool
	// Patience scales the timeouts.
	Patience patience.Scale
}

// ParseServer reads an address such as smtp://user:password@mail.example.com:587 or
// smtps://mail.example.com. It fails with ConfigInvalid, and repeats no part of the
// address, which may hold a password.
func ParseServer(address string) (Server, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.Path != "" && parsed.Path != "/" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return Server{}, failure.New(failure.ConfigInvalid, "reading the address of the mail server (such as smtp://user:password@host:587)")
	}

	server := Server{Host: parsed.Hostname(), Port: parsed.Port(), User: parsed.User.Username()}
	server.Password, _ = parsed.User.Password()

	switch parsed.Scheme {
	case "smtp":
		server.Port = orElse(server.Port, portSubmission)
	case "smtps":
		server.Implicit, server.Port = true, orElse(server.Port, portTLS)
	default:
		return Server{}, failure.New(failure.ConfigInvalid, "reading the address of the mail server (it begins with smtp:// or smtps://)")
	}

	if port, err := strconv.ParseUint(server.Port, 10, 16); err != nil || port == 0 {
		return Server{}, failure.New(failure.ConfigInvalid, "reading the port of the mail server")
	}

	return server, nil
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}

	return text
}

// OnLoopback reports whether the server is on this machine, by an address that
// cannot lead elsewhere.
func (s Server) OnLoopback() bool {
	if s.Host == "localhost" {
		return true
	}

	address, err := netip.ParseAddr(s.Host)

	return err == nil && address.IsLoopback()
}

func (s Server) address() string { return net.JoinHostPort(s.Host, s.Port) }

// tls is the configuration for the server's certificate.
func (s Server) tls() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}
