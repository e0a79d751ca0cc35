package certificate_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vectors holds certificates whose first line "expect: …" says what a reader must make of the file that
// follows it.
const vectors = "testdata/vectors"

var makeVectors = flag.Bool("make-vectors", false, "make the test vectors that are not there, with new keys that are thrown away")

func vector(t *testing.T, name string) (expect, text string) {
	t.Helper()

	data, err := os.ReadFile(filepath.Join(vectors, name))
	must(t, err)

	first, text, _ := strings.Cut(string(data), "\n")

	return strings.TrimPrefix(first, "expect: "), text
}

// Both implementations make the same of each vector: this package's, and the one below that
// knows Ed25519, SHA-256 and base64, and nothing of Steward.
func TestVectors(t *testing.T) {
	t.Parallel()

	if *makeVectors {
		writeVectors(t)
	}

	seen := 0

	for name, of := range map[string]string{
		"first.txt": "", "final.txt": "", "changed.txt": "", "other-subject.txt": "", "other-ledger.txt": "",
		"retained.txt": "retained-", "retained-less.txt": "retained-", // with the parts of an outcome, which came later
	} {
		_, keyText := vector(t, of+"certificate-key.txt")
		_, ledgerText := vector(t, of+"ledger-key.txt")
		verifier, ledgerVerifier := verifierOf(t, keyText), verifierOf(t, ledgerText)
		want, text := vector(t, name)
		seen++

		ours := "invalid"
		if got, err := verify([]byte(text), verifier, ledgerVerifier); err == nil {
			ours = fmt.Sprintf("valid %s position %d of %d", got.Certificate.Kind, got.Certificate.Tombstone.Position, got.Checkpoint.Size)
		}

		theirs, err := second([]byte(text), strings.TrimSpace(keyText), strings.TrimSpace(ledgerText))
		if err != nil {
			theirs = "invalid"
		}

		if ours != want || theirs != want {
			t.Errorf("%s: wanted %q, this package says %q, the second implementation %q (%v)", name, want, ours, theirs, err)
		}
	}

	if files, err := os.ReadDir(vectors); err != nil || len(files) != seen+4 {
		t.Errorf("%d vectors were read of %d files, %v", seen, len(files), err)
	}
}

// document is what a stranger needs to know of a certificate.
type document struct {
	Certificate json.RawMessage
	Note        string
}

type claims struct {
	Kind      string
	Erasure   string
	Plan      string `json:"plan_sha256"`
	Decided   string `json:"decided_at"`
	Tombstone struct {
		Entry, Leaf, Proof, Commitment string
		Position                       int64
	}
}

type leaf struct {
	ID   string
	Kind string
	At   time.Time
	Body struct {
		Erasure, Commitment, Cause string
		Plan                       string `json:"plan_sha256"`
	}
}

// second is the second implementation.
func second(text []byte, key, ledgerKey string) (string, error) {
	var (
		read   document
		claims claims
		entry  leaf
	)

	if err := json.Unmarshal(text, &read); err != nil {
		return "", err
	}

	plain := compacted(read.Certificate)
	sum := sha256.Sum256(plain)

	signed, err := noteText(read.Note, key)
	if err != nil {
		return "", err
	}

	if signed != "steward-certificate/1\n"+hex.EncodeToString(sum[:])+"\n" {
		return "", errors.New("the signature is over something else")
	}

	if err := json.Unmarshal(plain, &claims); err != nil {
		return "", err
	}

	if err := json.Unmarshal([]byte(claims.Tombstone.Leaf), &entry); err != nil {
		return "", err
	}

	size, err := included(claims.Tombstone.Leaf, claims.Tombstone.Proof, claims.Tombstone.Position, ledgerKey)
	if err != nil {
		return "", err
	}

	decided, err := time.Parse(time.RFC3339Nano, claims.Decided)
	if err != nil || entry.Kind != "erasure.tombstone" || entry.ID != claims.Tombstone.Entry || entry.Body.Erasure != claims.Erasure ||
		entry.Body.Plan != claims.Plan || entry.Body.Commitment != claims.Tombstone.Commitment || !entry.At.Equal(decided) {
		return "", errors.New("the tombstone is of something else")
	}

	return fmt.Sprintf("valid %s position %d of %d", claims.Kind, claims.Tombstone.Position, size), nil
}

// compacted takes white space away that is in no string.
func compacted(text []byte) []byte {
	var out []byte

	quoted, escaped := false, false

	for _, b := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case !quoted && strings.ContainsRune(" \t\r\n", rune(b)):
			continue
		}

		out = append(out, b)
	}

	return out
}

// noteText checks the one signature of a note and gives its text. A key is "name+hash+base64", whose
// first byte 1 means Ed25519; a signature line is "— name base64", whose first four bytes are the hash.
func noteText(signed, key string) (string, error) {
	text, lines, found := strings.Cut(signed, "\n\n")
	parts := strings.SplitN(key, "+", 3)
	line, one := strings.CutSuffix(lines, "\n")

	if !found || len(parts) != 3 || !one || strings.Contains(line, "\n") {
		return "", errors.New("no note or no key")
	}

	text += "\n"
	public, err := base64.StdEncoding.DecodeString(parts[2])
	encoded, named := strings.CutPrefix(line, "— "+parts[0]+" ")
	signature, errSignature := base64.StdEncoding.DecodeString(encoded)

	if err != nil || errSignature != nil || !named || len(public) != 33 || public[0] != 1 || len(signature) != 68 {
		return "", errors.New("another key")
	}

	if hex.EncodeToString(signature[:4]) != parts[1] || !ed25519.Verify(public[1:], []byte(text), signature[4:]) {
		return "", errors.New("the signature does not hold")
	}

	return text, nil
}

// included walks the proof of RFC 9162, section 2.1.3.2, up to the root of the signed checkpoint, and gives the tree's size.
func included(leaf, proof string, position int64, key string) (int64, error) {
	head, checkpoint, _ := strings.Cut(proof, "\n\n")
	lines := strings.Split(head, "\n")

	text, err := noteText(checkpoint, key)
	if err != nil {
		return 0, err
	}

	state := strings.Split(text, "\n")
	size, err := strconv.ParseInt(state[1], 10, 64)

	if err != nil || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", position) || position >= size {
		return 0, errors.New("no proof of this position")
	}

	hash := sha256.Sum256(append([]byte{0}, leaf...))
	at, last := position, size-1

	for _, line := range lines[2:] {
		sibling, err := base64.StdEncoding.DecodeString(line)
		if err != nil || last == 0 {
			return 0, errors.New("no hash, or one too many")
		}

		if at%2 == 1 || at == last {
			hash = sha256.Sum256(append(append([]byte{1}, sibling...), hash[:]...))

			for at%2 == 0 && at != 0 {
				at, last = at/2, last/2
			}
		} else {
			hash = sha256.Sum256(append(append([]byte{1}, hash[:]...), sibling...))
		}

		at, last = at/2, last/2
	}

	if last != 0 || base64.StdEncoding.EncodeToString(hash[:]) != state[2] {
		return 0, errors.New("it is not in the ledger")
	}

	return size, nil
}
