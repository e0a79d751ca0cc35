package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/clientaddr"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/failure"
)

// TestWhatIsNoCredentialIsAWrongOne: it is slowed down and stands in the log as any guess
// does; showing nothing is none.
func TestWhatIsNoCredentialIsAWrongOne(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		headers []string
		wrong   bool
	}{
		"none":     {nil, false},
		"empty":    {[]string{""}, false},
		"twice":    {[]string{"Bearer x", "Bearer y"}, true},
		"too long": {[]string{"Bearer " + strings.Repeat("x", maxToken)}, true},
		"basic":    {[]string{"Basic YQ=="}, true},
		"no token": {[]string{"Bearer"}, true},
		"wrong":    {[]string{"Bearer x"}, true},
	} {
		var refused int

		routes := &routes{verifier: credential.NewVerifier(credential.Options{
			Clock: clocks.System(), Address: func(context.Context) netip.Addr { return netip.MustParseAddr("203.0.113.9") },
			Refused: func(netip.Addr, time.Time) { refused++ },
		})}

		codes := map[failure.Code]int{}

		for range 30 {
			request := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
			for _, header := range test.headers {
				request.Header.Add("Authorization", header)
			}

			_, err := routes.recognise(t.Context(), request, &exchange{})
			codes[failure.CodeOf(err)]++
		}

		if slowed := codes[failure.CredentialsSlowed] > 0; slowed != test.wrong || (refused == 30) != test.wrong || codes[failure.CredentialsNeeded] == 0 {
			t.Errorf("%s: %v, %d were told of", name, codes, refused)
		}
	}
}

// TestNoProxyIsBanned: where a proxy does not say who called, nobody is named in the log
// for fail2ban, and the wrong credentials are counted.
func TestNoProxyIsBanned(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})
	h.door.AuthLog = filepath.Join(t.TempDir(), "auth.log")

	finder, err := clientaddr.New([]string{"10.0.0.0/8"}, "")
	if err != nil {
		t.Fatal(err)
	}

	h.door.Finder = finder
	h.openVerifier()

	s := &service{health: h.service.health}
	if err := s.open(h.process, []resource{mishap{}}); err != nil {
		t.Fatal(err)
	}

	guess := func(peer, forwarded string) {
		t.Helper()

		request := httptest.NewRequest(http.MethodGet, "/v1/accounts/coded", http.NoBody)
		request.RemoteAddr = peer
		request.Header.Set("Authorization", "Bearer "+credential.Make("app").Reveal()[1:])

		if forwarded != "" {
			request.Header.Set("X-Forwarded-For", forwarded)
		}

		recorder := httptest.NewRecorder()
		s.handler.ServeHTTP(recorder, request)

		if recorder.Code != http.StatusUnauthorized {
			t.Errorf("%s for %q: %d", peer, forwarded, recorder.Code)
		}
	}

	guess("10.1.2.3:1", "")
	guess("10.1.2.3:1", "unknown")
	guess("10.1.2.3:1", "10.9.9.9")
	guess("10.1.2.3:1", "198.51.100.7")
	guess("203.0.113.9:1", "198.51.100.8")

	ended, end := context.WithCancel(t.Context())
	end()

	if err := h.background[0](ended); err != nil {
		t.Fatal(err)
	}

	log, err := os.ReadFile(h.door.AuthLog)
	if err != nil || strings.Count(string(log), " refused ") != 2 || strings.Contains(string(log), " 10.") ||
		!strings.Contains(string(log), "198.51.100.7") || !strings.Contains(string(log), "203.0.113.9") {
		t.Errorf("%s%v", log, err)
	}

	metrics := httptest.NewRecorder()
	promhttp.HandlerFor(h.requests.Registry(), promhttp.HandlerOpts{}).ServeHTTP(metrics, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

	if !strings.Contains(metrics.Body.String(), "\nsteward_api_refused_from_proxies_total 3\n") {
		t.Error("not three are counted")
	}
}
