package listener

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// hand is a clock that the test turns.
type hand struct{ at time.Time }

func (h *hand) Now() time.Time { return h.at }

// pair makes a certificate with this serial number, and its key.
func pair(t *testing.T, serial int64) map[string][]byte {
	t.Helper()

	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour)}

	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}

	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}

	return map[string][]byte{
		"chain.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"key.pem":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	}
}

// TestACertificateIsReadAgain: when its files changed, at the next look; while they do
// not fit each other the old one serves.
func TestACertificateIsReadAgain(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	chain, key := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	pairs := map[string]map[string][]byte{"old": pair(t, 1), "new": pair(t, 2)}
	clock := &hand{at: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}

	write := func(from string, at time.Time, files ...string) {
		t.Helper()

		for _, path := range files {
			if err := os.WriteFile(path, pairs[from][filepath.Base(path)], 0o600); err != nil {
				t.Fatal(err)
			}

			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}

	write("old", clock.at, chain, key)

	files, err := openCertificate(chain, key, clock)
	if err != nil {
		t.Fatal(err)
	}

	serial := func() int64 {
		t.Helper()

		pair, err := files.get(nil)
		if err != nil {
			t.Fatal(err)
		}

		return pair.Leaf.SerialNumber.Int64()
	}

	if got := serial(); got != 1 {
		t.Fatalf("serial %d", got)
	}

	// Half of the pair is new.
	write("new", clock.at.Add(time.Hour), chain)

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 1 {
		t.Errorf("with half of a pair: serial %d", got)
	}

	write("new", clock.at.Add(time.Hour), key)

	if got := serial(); got != 1 {
		t.Errorf("before the next look: serial %d", got)
	}

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("after the next look: serial %d", got)
	}

	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}

	clock.at = clock.at.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("with a file gone: serial %d", got)
	}
}
