package main

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/certtest"
)

// exposed are the lines of /metrics that begin so.
func (h *house) exposed(prefix string) string {
	h.t.Helper()

	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(h.requests.Registry(), promhttp.HandlerOpts{}).
		ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

	var found []string

	for line := range strings.Lines(recorder.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			found = append(found, strings.TrimSpace(line))
		}
	}

	return strings.Join(found, "\n")
}

// writeCertificate writes a certificate of that serial number, which ends so many seconds
// after 1970, and its key.
func writeCertificate(t *testing.T, dir string, serial, ends int64) (chain, key string) {
	t.Helper()

	made := certtest.New(t, serial, time.Unix(ends, 0))
	chain, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")

	for path, text := range map[string][]byte{chain: made.Chain, key: made.Key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return chain, key
}

// turned is a clock that a test turns.
type turned struct{ seconds atomic.Int64 }

func (c *turned) Now() time.Time { return time.Unix(c.seconds.Load(), 0) }

// TestABrokenCertificate puts a broken file in the place of a good one: callers get the
// certificate of before, each look is counted, one line is logged; and when a good file is
// there, callers get that, without a restart.
func TestABrokenCertificate(t *testing.T) {
	t.Parallel()

	const (
		gauge   = "steward_api_certificate_not_after_timestamp_seconds "
		counter = "steward_api_certificate_reload_failures_total "
	)

	h, clock, dir := newHouse(t), &turned{}, t.TempDir()

	if got := h.exposed("steward_api_certificate"); got != gauge+"+Inf\n"+counter+"0" {
		t.Errorf("without a certificate: %s", got)
	}

	h.machine, h.door.Listen, h.door.Drain = clock, "127.0.0.1:0", 0
	h.door.Certificate, h.door.Key = writeCertificate(t, dir, 1, 1_900_000_000)

	server, err := h.process.listen(t.Context(), h.service)
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() { ended <- server.Run(ctx) }()

	// given is the serial number of what a caller gets a minute later.
	given := func() int64 {
		t.Helper()

		clock.seconds.Add(60)

		//nolint:gosec // who it is for is not what is tested
		dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}

		conn, err := dialer.DialContext(t.Context(), "tcp", server.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()

		return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64() //nolint:forcetypeassert // tls.Dialer says so
	}

	is := func(what string, serial int64, shown string) {
		t.Helper()

		if got := given(); got != serial {
			t.Errorf("%s: serial %d", what, got)
		}

		if got := h.exposed("steward_api_certificate"); got != shown {
			t.Errorf("%s: %s", what, got)
		}
	}

	is("good", 1, gauge+"1.9e+09\n"+counter+"0")

	if err := os.WriteFile(h.door.Certificate, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}

	is("broken", 1, gauge+"1.9e+09\n"+counter+"1")
	is("broken still", 1, gauge+"1.9e+09\n"+counter+"2")

	if log := h.errors.String(); strings.Count(log, "could not be read") != 1 || strings.Contains(log, "canary") || strings.Contains(log, dir) ||
		!strings.Contains(log, "config_invalid") || !strings.Contains(log, "runbooks.md#api-certificate-reload") {
		t.Error(log)
	}

	writeCertificate(t, dir, 2, 1_900_003_600)
	is("mended", 2, gauge+"1.9000036e+09\n"+counter+"2")
	stop()

	if err := <-ended; err != nil {
		t.Error(err)
	}
}
