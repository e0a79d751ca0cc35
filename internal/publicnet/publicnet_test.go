package publicnet_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"

	"steward/internal/failure"
	"steward/internal/publicnet"
)

func TestPublic(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]bool{
		"8.8.8.8": true, "93.184.216.34": true, "2606:2800:220:1:248:1893:25c8:1946": true, "::ffff:8.8.8.8": true,
		"127.0.0.1": false, "127.1.2.3": false, "0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "100.127.255.255": false, "100.128.0.1": true, "192.0.0.8": false, "192.0.2.1": false,
		"198.18.0.1": false, "198.51.100.1": false, "203.0.113.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "::ffff:169.254.169.254": false, "::127.0.0.1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false, "64:ff9b::7f00:1": false,
		"64:ff9b:1::1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false, "fec0::1": false, "100::1": false,
	} {
		if got := publicnet.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}

	if (publicnet.Rule{}).Allows(netip.MustParseAddr("127.0.0.1")) || !(publicnet.Rule{Loopback: true}).Allows(netip.MustParseAddr("::1")) ||
		(publicnet.Rule{Loopback: true}).Allows(netip.MustParseAddr("10.0.0.1")) {
		t.Error("the rule lets in what it must not, or keeps out what it must")
	}
}

// A name is judged by the address that it leads to.
func TestTransport(t *testing.T) {
	t.Parallel()

	called := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	t.Cleanup(server.Close)

	get := func(rule publicnet.Rule, address string) error {
		t.Helper()

		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}

		transport := publicnet.Transport(rule)
		defer transport.CloseIdleConnections()

		response, err := transport.RoundTrip(request)
		if err == nil {
			err = response.Body.Close()
		}

		return err
	}

	port := netip.MustParseAddrPort(server.Listener.Addr().String()).Port()
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		if err := get(publicnet.Rule{}, "http://"+host+":"+strconv.Itoa(int(port))); !failure.Is(err, failure.WebhookURLRefused) {
			t.Errorf("%s: %v", host, err)
		}
	}

	if err := get(publicnet.Rule{Loopback: true}, server.URL); err != nil || called != 1 {
		t.Errorf("%v, called %d times", err, called)
	}
}
