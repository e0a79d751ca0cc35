package certificate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/certificate"
)

func verifierOf(t *testing.T, text string) note.Verifier {
	t.Helper()

	verifier, err := note.NewVerifier(strings.TrimSpace(text))
	must(t, err)

	return verifier
}

// writeVectors makes the vectors anew.
func writeVectors(t *testing.T) {
	t.Helper()

	k := newKeys(t)
	write := func(name, expect, text string) {
		must(t, os.WriteFile(filepath.Join(vectors, name), []byte("expect: "+expect+"\n"+text), 0o600))
	}

	write("certificate-key.txt", "a public key", k.public+"\n")
	write("ledger-key.txt", "a public key", k.ledgerPublic+"\n")

	facts := final(t, k)
	made := assemble(t, facts)
	_, whole := sign(t, k, made)
	_, early := sign(t, k, assemble(t, first(facts)))

	write("final.txt", "valid final position 5 of 7", string(whole))
	write("first.txt", "valid first position 5 of 7", string(early))
	write("changed.txt", "invalid", strings.Replace(string(whole), `"count": 7`, `"count": 8`, 1))

	other := resigned(t, k, made, func(c *certificate.Certificate) { c.Erasure = "era_" + strings.Repeat("b", 26) })
	text, err := other.File()
	must(t, err)
	write("other-subject.txt", "invalid", string(text))

	stranger := final(t, newKeys(t))
	_, elsewhere := sign(t, k, assemble(t, stranger))
	write("other-ledger.txt", "invalid", string(elsewhere))
}
