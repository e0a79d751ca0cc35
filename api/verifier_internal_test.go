package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/clientaddr"
	"steward/internal/credential"
)

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
