package clientaddr_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"

	"steward/internal/clientaddr"
	"steward/internal/failure"
)

func finder(t testing.TB, header string, proxies ...string) clientaddr.Finder {
	t.Helper()

	made, err := clientaddr.New(proxies, header)
	if err != nil {
		t.Fatal(err)
	}

	return made
}

func from(peer string, headers ...string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}

	return r
}

// TestNobodyCanSayWhoTheyAre goes through what a caller without a proxy, a caller
// through one, and one that forges the header, become.
func TestNobodyCanSayWhoTheyAre(t *testing.T) {
	t.Parallel()

	const forwarded, cloudflare = "X-Forwarded-For", "CF-Connecting-IP"

	proxied := finder(t, "", "10.0.0.0/8", "::1")
	cloud := finder(t, "cf-connecting-ip", "173.245.48.0/20") // one of those that Cloudflare names
	chained := finder(t, "x-forwarded-for", "10.0.0.0/8", "173.245.48.0/20")

	for name, test := range map[string]struct {
		finder  clientaddr.Finder
		request *http.Request
		want    string
	}{
		"no proxy configured":    {clientaddr.Finder{}, from("203.0.113.9:1", forwarded, "198.51.100.1"), "203.0.113.9"},
		"peer is no proxy":       {proxied, from("203.0.113.9:1", forwarded, "198.51.100.1"), "203.0.113.9"},
		"one proxy":              {proxied, from("10.1.2.3:1", forwarded, "198.51.100.1"), "198.51.100.1"},
		"proxy by IPv6":          {proxied, from("[::1]:1", forwarded, "2001:db8::1"), "2001:db8::1"},
		"mapped peer":            {proxied, from("[::ffff:10.1.2.3]:1", forwarded, "::ffff:198.51.100.1"), "198.51.100.1"},
		"zone":                   {proxied, from("[::1%lo]:1", forwarded, "198.51.100.1"), "198.51.100.1"},
		"forged before the real": {proxied, from("10.1.2.3:1", forwarded, "1.1.1.1, 198.51.100.1"), "198.51.100.1"},
		"forged proxy":           {proxied, from("10.1.2.3:1", forwarded, "1.1.1.1, 10.9.9.9, 198.51.100.1"), "198.51.100.1"},
		"two proxies":            {proxied, from("10.1.2.3:1", forwarded, "198.51.100.1, 10.9.9.9"), "198.51.100.1"},
		"two headers":            {proxied, from("10.1.2.3:1", forwarded, "1.1.1.1", forwarded, "198.51.100.1"), "198.51.100.1"},
		"all are proxies":        {proxied, from("10.1.2.3:1", forwarded, "10.7.7.7, 10.9.9.9"), "10.7.7.7"},
		"with port":              {proxied, from("10.1.2.3:1", forwarded, "198.51.100.1:4711"), "198.51.100.1"},
		"with brackets and port": {proxied, from("10.1.2.3:1", forwarded, "[2001:db8::1]:4711"), "2001:db8::1"},
		"garbage":                {proxied, from("10.1.2.3:1", forwarded, "unknown"), "10.1.2.3"},
		"garbage behind a proxy": {proxied, from("10.1.2.3:1", forwarded, "1.1.1.1, x, 10.9.9.9"), "10.9.9.9"},
		"no header":              {proxied, from("10.1.2.3:1"), "10.1.2.3"},
		"the other header":       {proxied, from("10.1.2.3:1", cloudflare, "198.51.100.1"), "10.1.2.3"},
		"Cloudflare":             {cloud, from("173.245.48.5:1", cloudflare, "198.51.100.1", forwarded, "1.1.1.1"), "198.51.100.1"},
		"Cloudflare twice":       {cloud, from("173.245.48.5:1", cloudflare, "1.1.1.1", cloudflare, "198.51.100.1"), "173.245.48.5"},
		"Cloudflare garbage":     {cloud, from("173.245.48.5:1", cloudflare, "ada@example.com"), "173.245.48.5"},
		"Cloudflare, balancer":   {chained, from("10.1.2.3:1", cloudflare, "1.1.1.1", forwarded, "198.51.100.1, 173.245.48.5"), "198.51.100.1"},
		"at the balancer":        {chained, from("10.1.2.3:1", cloudflare, "1.1.1.1", forwarded, "203.0.113.9"), "203.0.113.9"},
		"around Cloudflare":      {cloud, from("203.0.113.9:1", cloudflare, "198.51.100.1"), "203.0.113.9"},
	} {
		if got := test.finder.Of(test.request); got.String() != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}

	if got := proxied.Of(from("@")); got.IsValid() {
		t.Errorf("a Unix socket has the address %s", got)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		header  string
		proxies []string
	}{
		"every address":  {"", []string{"0.0.0.0/0"}},
		"every IPv6":     {"", []string{"10.0.0.1", "::/0"}},
		"a name":         {"", []string{"proxy.internal"}},
		"another header": {"forwarded", nil},
	} {
		if _, err := clientaddr.New(test.proxies, test.header); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()

	for address, want := range map[string]string{"203.0.113.9": "203.0.113.9/32", "2001:db8:1:2:3::4": "2001:db8:1:2::/64"} {
		if got := clientaddr.Network(netip.MustParseAddr(address)); got.String() != want {
			t.Errorf("%s: %s", address, got)
		}
	}

	if got := clientaddr.Network(netip.Addr{}); got.IsValid() {
		t.Error(got)
	}
}

func TestContext(t *testing.T) {
	t.Parallel()

	address := netip.MustParseAddr("203.0.113.9")
	if got := clientaddr.From(clientaddr.With(t.Context(), address)); got != address {
		t.Error(got)
	}

	if got := clientaddr.From(context.WithoutCancel(t.Context())); got.IsValid() {
		t.Error(got)
	}
}

// FuzzForwardedFor: whatever stands left of what our proxy wrote changes nothing.
func FuzzForwardedFor(f *testing.F) {
	f.Add("1.1.1.1")
	f.Add("10.0.0.1, 10.0.0.2")
	f.Add(",,[")

	proxied := finder(f, "", "10.0.0.0/8")

	f.Fuzz(func(t *testing.T, forged string) {
		if got := proxied.Of(from("10.1.2.3:1", "X-Forwarded-For", forged+", 198.51.100.1")); got.String() != "198.51.100.1" {
			t.Errorf("%q made it %s", forged, got)
		}
	})
}
