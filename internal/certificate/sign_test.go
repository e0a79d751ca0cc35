package certificate_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/certificate"
	"steward/internal/failure"
	"steward/internal/ledger"
)

func verify(text []byte, key, ledgerKey note.Verifier) (certificate.Verified, error) {
	signed, err := certificate.Parse(text)
	if err != nil {
		return certificate.Verified{}, err
	}

	return certificate.Verify(signed, key, ledgerKey)
}

func TestSignedAndVerified(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	made := assemble(t, final(t, k))
	signed, text := sign(t, k, made)

	got, err := verify(text, k.verifier, k.ledgerVerifier)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(made, got.Certificate); diff != "" || got.Checkpoint.Size != 7 {
		t.Error(diff, got.Checkpoint)
	}

	other := newKeys(t)
	if _, err := verify(text, other.verifier, k.ledgerVerifier); !failure.Is(err, failure.SignatureInvalid) {
		t.Errorf("another key: %v", err)
	}

	if _, err := verify(text, k.verifier, other.ledgerVerifier); !failure.Is(err, failure.SignatureInvalid) {
		t.Errorf("another ledger: %v", err)
	}

	// What people have: jq and sha256sum give the second line of the note.
	jq := exec.CommandContext(t.Context(), "sh", "-c", "jq -cj .certificate | sha256sum")
	jq.Stdin = bytes.NewReader(text)

	if _, err := exec.LookPath("jq"); err == nil {
		out, err := jq.Output()
		if err != nil || !strings.HasPrefix(string(out), strings.Split(signed.Note, "\n")[1]) {
			t.Errorf("%s, %v", out, err)
		}
	}
}

// No byte of the file is beside the point.
func TestNoChangedByteIsTaken(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	_, text := sign(t, k, assemble(t, final(t, k)))

	for i := range text {
		changed := bytes.Clone(text)
		changed[i] ^= 1

		if _, err := verify(changed, k.verifier, k.ledgerVerifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Fatalf("byte %d (%q): %v", i, text[i], err)
		}
	}

	for _, bad := range [][]byte{nil, []byte("{}"), text[:len(text)-1], append(bytes.Clone(text), '\n'), make([]byte, certificate.MaxBytes+1)} {
		if _, err := verify(bad, k.verifier, k.ledgerVerifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// A certificate that is well signed and says other than its tombstone is refused all the same.
func TestTheTombstoneMustBeOfThisErasure(t *testing.T) {
	t.Parallel()

	k := newKeys(t)
	made := assemble(t, final(t, k))
	body := ledger.ErasureBody{Erasure: made.Erasure, Commitment: made.Tombstone.Commitment, PlanSHA256: made.Plan, Cause: made.Cause}

	for name, change := range map[string]func(*certificate.Certificate){
		"erasure":    func(c *certificate.Certificate) { c.Erasure = "era_" + strings.Repeat("b", 26) },
		"cause":      func(c *certificate.Certificate) { c.Cause = "dsr" },
		"plan":       func(c *certificate.Certificate) { c.Plan = strings.Repeat("0", 64) },
		"commitment": func(c *certificate.Certificate) { c.Tombstone.Commitment = strings.Repeat("0", 64) },
		"decided":    func(c *certificate.Certificate) { c.DecidedAt = c.DecidedAt.Add(time.Second) },
		"position":   func(c *certificate.Certificate) { c.Tombstone.Position++ },
		"entry":      func(c *certificate.Certificate) { c.Tombstone.Entry = "led_" + ledger.ID(strings.Repeat("b", 26)) },
		"leaf": func(c *certificate.Certificate) {
			c.Tombstone.Leaf = strings.Replace(c.Tombstone.Leaf, "dele", "xele", 1)
		},
		"proof": func(c *certificate.Certificate) {
			c.Tombstone.Proof = strings.Replace(c.Tombstone.Proof, "index 5", "index 4", 1)
		},
		"younger": func(c *certificate.Certificate) {
			c.Tombstone = k.tombstone(t, body, c.DecidedAt, c.IssuedAt.Add(time.Second))
		},
		"format": func(c *certificate.Certificate) { c.Format = "steward-certificate/2" },
	} {
		signed := resigned(t, k, made, change)
		if _, err := certificate.Verify(signed, k.verifier, k.ledgerVerifier); !failure.Is(err, failure.SignatureInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	if _, err := certificate.Verify(resigned(t, k, made, func(*certificate.Certificate) {}), k.verifier, k.ledgerVerifier); err != nil {
		t.Error(err)
	}
}
