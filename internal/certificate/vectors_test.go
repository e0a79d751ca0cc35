package certificate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/certificate"
	"steward/internal/store"
)

func verifierOf(t *testing.T, text string) note.Verifier {
	t.Helper()

	verifier, err := note.NewVerifier(strings.TrimSpace(text))
	must(t, err)

	return verifier
}

// writeVectors makes the vectors that are not there: those that are stay, since there are certificates like them.
func writeVectors(t *testing.T) {
	t.Helper()

	if _, err := os.Stat(filepath.Join(vectors, "final.txt")); err != nil {
		writeFirstVectors(t)
	}

	if _, err := os.Stat(filepath.Join(vectors, "retained.txt")); err != nil {
		writeRetained(t)
	}
}

func write(t *testing.T, name, expect, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(vectors, name), []byte("expect: "+expect+"\n"+text), 0o600))
}

func writeFirstVectors(t *testing.T) {
	t.Helper()

	k := newKeys(t)

	write(t, "certificate-key.txt", "a public key", k.public+"\n")
	write(t, "ledger-key.txt", "a public key", k.ledgerPublic+"\n")

	facts := final(t, k)
	made := assemble(t, facts)
	_, whole := sign(t, k, made)
	_, early := sign(t, k, assemble(t, first(facts)))

	write(t, "final.txt", "valid final position 5 of 7", string(whole))
	write(t, "first.txt", "valid first position 5 of 7", string(early))
	write(t, "changed.txt", "invalid", strings.Replace(string(whole), `"count": 7`, `"count": 8`, 1))

	other := resigned(t, k, made, func(c *certificate.Certificate) { c.Erasure = "era_" + strings.Repeat("b", 26) })
	text, err := other.File()
	must(t, err)
	write(t, "other-subject.txt", "invalid", string(text))

	stranger := final(t, newKeys(t))
	_, elsewhere := sign(t, k, assemble(t, stranger))
	write(t, "other-ledger.txt", "invalid", string(elsewhere))
}

// writeRetained makes a certificate of an outcome in several parts, and one that hides how many rows stay.
func writeRetained(t *testing.T) {
	t.Helper()

	k := newKeys(t)

	write(t, "retained-certificate-key.txt", "a public key", k.public+"\n")
	write(t, "retained-ledger-key.txt", "a public key", k.ledgerPublic+"\n")

	_, whole := sign(t, k, assemble(t, retaining(final(t, k))))

	write(t, "retained.txt", "valid final position 5 of 7", string(whole))
	write(t, "retained-less.txt", "invalid", strings.Replace(string(whole), `"count": 3`, `"count": 2`, 1))
}

// retaining are facts of which three rows stay on a published basis.
func retaining(facts certificate.Facts) certificate.Facts {
	facts.Answers[1].Outcome.Parts = []store.Part{
		{Kind: store.Erased, Count: 7}, {Kind: store.Retained, Count: 3, Basis: "invoices", For: "10y"},
	}

	return facts
}
