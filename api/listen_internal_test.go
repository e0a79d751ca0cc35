package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/failure"
	"steward/internal/listener"
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

// writeCertificate writes a certificate that ends then, and its key.
func writeCertificate(t *testing.T, dir string, ends time.Time) (chain, key string) {
	t.Helper()

	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: ends}

	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}

	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}

	chain, key = filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")

	for path, block := range map[string]*pem.Block{chain: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return chain, key
}

// TestTheCertificateIsWatched: its end is shown from the start on, and what could not be
// read is counted each time and logged once, until it is mended.
func TestTheCertificateIsWatched(t *testing.T) {
	t.Parallel()

	const (
		gauge   = "steward_api_certificate_not_after_timestamp_seconds "
		counter = "steward_api_certificate_reload_failures_total "
	)

	h := newHouse(t)

	if got := h.exposed("steward_api_certificate"); got != gauge+"+Inf\n"+counter+"0" {
		t.Errorf("without a certificate: %s", got)
	}

	ends := time.Unix(1_900_000_000, 0)
	h.door.Listen, h.door.Drain = "127.0.0.1:0", 0
	h.door.Certificate, h.door.Key = writeCertificate(t, t.TempDir(), ends)

	server, err := h.process.listen(t.Context(), h.service)
	if err != nil {
		t.Fatal(err)
	}

	if got := h.exposed(gauge); got != gauge+"1.9e+09" {
		t.Error(got)
	}

	ended, end := context.WithCancel(t.Context())
	end()

	if err := server.Run(ended); err != nil {
		t.Error(err)
	}

	broken := listener.Reload{NotAfter: ends, Err: failure.Wrap(failure.ConfigInvalid, "reading the certificate", errors.New("canary"))}
	h.certificateRead(broken)

	broken.Again = true
	h.certificateRead(broken)

	if got := h.exposed(counter); got != counter+"2" {
		t.Error(got)
	}

	if log := h.errors.String(); strings.Count(log, "could not be read") != 1 || strings.Contains(log, "canary") ||
		!strings.Contains(log, "config_invalid") || !strings.Contains(log, "api-certificate-reload") {
		t.Error(log)
	}

	h.certificateRead(listener.Reload{NotAfter: ends.Add(time.Hour)})

	if got := h.exposed("steward_api_certificate"); got != gauge+"1.9000036e+09\n"+counter+"2" {
		t.Error(got)
	}
}
