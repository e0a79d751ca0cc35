// Package clientaddr tells from which address a request came. A forwarding header
// is believed only as far as configured proxies wrote it: anybody else can write
// whatever they like into one.
package clientaddr

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"steward/internal/failure"
)

// Header names the header in which proxies say who called them.
type Header string

// The headers that are known.
const (
	// ForwardedFor is X-Forwarded-For: each proxy appends the address of its caller.
	ForwardedFor Header = "X-Forwarded-For"
	// Cloudflare is CF-Connecting-IP: one address, which Cloudflare overwrites. It is for
	// Proxies that are Cloudflare's own: any other passes on what its caller wrote.
	Cloudflare Header = "Cf-Connecting-Ip"
)

// maxHops is how many addresses of X-Forwarded-For are read, from the right: no
// honest chain of proxies is longer.
const maxHops = 16

// Finder finds the address of who called. Its zero value trusts no proxy.
type Finder struct {
	// Proxies are the networks of the proxies that may say who called them.
	Proxies []netip.Prefix
	// Header is where they say it; ForwardedFor if empty.
	Header Header
}

// New reads the networks, such as "10.0.0.0/8" or a single address, and the name of
// the header, "x-forwarded-for" or "cf-connecting-ip", "" meaning the first. It fails
// with ConfigInvalid for anything else.
func New(proxies []string, header string) (Finder, error) {
	finder := Finder{Header: ForwardedFor}

	switch {
	case header == "", strings.EqualFold(header, string(ForwardedFor)):
	case strings.EqualFold(header, string(Cloudflare)):
		finder.Header = Cloudflare
	default:
		return Finder{}, failure.New(failure.ConfigInvalid,
			"reading the name of the forwarding header (it is x-forwarded-for or cf-connecting-ip)")
	}

	for _, text := range proxies {
		network, err := parseNetwork(strings.TrimSpace(text))
		if err != nil {
			return Finder{}, err
		}

		finder.Proxies = append(finder.Proxies, network)
	}

	return finder, nil
}

// parseNetwork reads a network or a single address. One of every address would
// believe everybody, and is refused.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		single, singleErr := netip.ParseAddr(text)
		if singleErr != nil {
			return netip.Prefix{}, failure.New(failure.ConfigInvalid,
				"reading the networks of proxies (such as 10.0.0.0/8, separated by commas)")
		}

		network = netip.PrefixFrom(single.Unmap(), single.Unmap().BitLen())
	}

	if network.Bits() == 0 {
		return netip.Prefix{}, failure.New(failure.ConfigInvalid,
			"reading the networks of proxies (one that holds every address trusts everybody)")
	}

	return network.Masked(), nil
}

// Peer is the address at the other end of the connection; invalid for what is no
// address, such as a Unix socket.
func Peer(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}

	return at.Addr().Unmap().WithZone("")
}

// Trusted reports whether the address is one of a configured proxy.
func (f Finder) Trusted(address netip.Addr) bool {
	for _, network := range f.Proxies {
		if network.Contains(address) {
			return true
		}
	}

	return false
}

// Of is the address of who called. Where the peer is no proxy it is the peer. Where
// the proxies' header is missing or cannot be read it is the last address that is
// sure, so that a forged header can make nobody else look guilty. That may be a proxy:
// whoever acts against the address asks Trusted first.
func (f Finder) Of(r *http.Request) netip.Addr {
	peer := Peer(r)
	if !f.Trusted(peer) {
		return peer
	}

	if f.Header == Cloudflare {
		return single(r.Header.Values(string(Cloudflare)), peer)
	}

	return f.rightmost(r.Header.Values(string(ForwardedFor)), peer)
}

// single reads a header that must have exactly one value.
func single(values []string, peer netip.Addr) netip.Addr {
	if len(values) != 1 {
		return peer
	}

	address, ok := parseHop(values[0])
	if !ok {
		return peer
	}

	return address
}

// rightmost walks the chain from its end, which the nearest proxy wrote, and stops at
// the first address that is not of a proxy: nobody whom we know vouches for what
// stands left of it.
func (f Finder) rightmost(values []string, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(values, ","), ",")
	if len(values) == 0 {
		return peer
	}

	found := peer

	for i := len(hops) - 1; i >= 0 && len(hops)-i <= maxHops; i-- {
		address, ok := parseHop(hops[i])
		if !ok {
			return found
		}

		found = address
		if !f.Trusted(address) {
			return found
		}
	}

	return found
}

// parseHop reads one address, with or without a port.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)

	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}

	address, err := netip.ParseAddr(strings.Trim(text, "[]"))

	return address.Unmap().WithZone(""), err == nil
}

type contextKey struct{}

// With returns a context that says who called.
func With(ctx context.Context, address netip.Addr) context.Context {
	return context.WithValue(ctx, contextKey{}, address)
}

// From tells who called; invalid where nobody knows.
func From(ctx context.Context) netip.Addr {
	address, _ := ctx.Value(contextKey{}).(netip.Addr) //nolint:errcheck // the zero value says that nobody knows

	return address
}

// ipv6Bits is the network that one subscriber gets (RFC 6177): whoever has one
// address of it has all of them.
const ipv6Bits = 64

// Network is what limits count: the address for IPv4, its /64 for IPv6.
func Network(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = ipv6Bits
	}

	network, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // of no address: all those share one
	}

	return network
}
