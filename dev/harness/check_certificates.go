package harness

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// certificateRow is one that was issued.
type certificateRow struct {
	Erasure string `json:"erasure"`
	Kind    string `json:"kind"`
	File    string `json:"file"`
}

// certificateFile is what a stranger reads of it.
type certificateFile struct {
	Certificate json.RawMessage `json:"certificate"`
	Note        string          `json:"note"`
}

// certificateClaims is what it says.
type certificateClaims struct {
	Kind      string `json:"kind"`
	Erasure   string `json:"erasure"`
	Tombstone struct {
		Entry    string `json:"entry"`
		Position int    `json:"position"`
		Leaf     string `json:"leaf"`
		Proof    string `json:"proof"`
	} `json:"tombstone"`
}

// checkCertificates looks for the first certificate of each case that was answered and the final one of each that is
// done, and reads them as a stranger would who has the policy and the ledger's mirror.
func (w *World) checkCertificates(ctx context.Context, cases []caseRow, found *findings) error {
	var issued []certificateRow
	err := readJSON(ctx, w.StewardURL, `select jsonb_build_object('erasure', erasure, 'kind', kind, 'file', file)::text
		from erasure_certificates order by erasure, kind`, &issued)
	if err != nil {
		return err
	}
	leaves, err := w.readSegments(ctx, &findings{})
	if err != nil {
		return err
	}
	have := map[string]string{}
	for _, row := range issued {
		have[row.Erasure] += row.Kind + " "
		if err := w.readCertificate(row, leaves); err != nil {
			found.addf("erasure", "the %s certificate of %s does not hold: %v", row.Kind, row.Erasure, err)
		}
	}
	for _, row := range cases {
		want := ""
		switch {
		case row.Stage == caseDone:
			want = "final first "
		case row.Stage == caseWaiting:
			want = "first "
		case row.decided():
			continue // on its way
		}
		if have[row.ID] != want {
			found.addf("erasure", "%s is %s and has the certificates %q", row.ID, row.Stage, have[row.ID])
		}
	}
	return nil
}

// errCertificate begins why a certificate does not hold; errEmpty is of a dump that says nothing.
var (
	errCertificate = errors.New("not as it should be")
	errEmpty       = errors.New("it is empty")
)

// readCertificate checks the signature, what it is over, and that the tombstone is where it says in the mirror.
func (w *World) readCertificate(row certificateRow, leaves [][]byte) error {
	var (
		file   certificateFile
		plain  bytes.Buffer
		claims certificateClaims
	)
	if err := json.Unmarshal([]byte(row.File), &file); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	if err := json.Compact(&plain, file.Certificate); err != nil {
		return fmt.Errorf("reading it: %w", err)
	}
	signed, err := openNote(file.Note, w.Rules.Keys.Certificate)
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("steward-certificate/1\n%x\n", sha256.Sum256(plain.Bytes())); signed != want {
		return fmt.Errorf("the signature is over something else: %w", errCertificate)
	}
	if err := json.Unmarshal(plain.Bytes(), &claims); err != nil {
		return fmt.Errorf("reading what it says: %w", err)
	}
	at := claims.Tombstone.Position
	if claims.Kind != row.Kind || claims.Erasure != row.Erasure || at >= len(leaves) || string(leaves[at]) != claims.Tombstone.Leaf {
		return fmt.Errorf("it is of another erasure, or the mirror has another entry there: %w", errCertificate)
	}
	return w.readProof(claims, leaves)
}

// readProof compares the checkpoint of a proof with the tree of the mirror's entries.
func (w *World) readProof(claims certificateClaims, leaves [][]byte) error {
	_, checkpoint, _ := strings.Cut(claims.Tombstone.Proof, "\n\n")
	text, err := openNote(checkpoint, w.Rules.Keys.Ledger)
	if err != nil {
		return err
	}
	lines := strings.Split(text, "\n")
	const size, root = 1, 2
	if len(lines) <= root {
		return fmt.Errorf("its checkpoint is cut: %w", errCertificate)
	}
	count, err := strconv.Atoi(lines[size])
	if err != nil || count > len(leaves) || claims.Tombstone.Position >= count {
		return fmt.Errorf("its checkpoint is of %s entries, the mirror has %d: %w", lines[size], len(leaves), errCertificate)
	}
	hashes := make([][sha256.Size]byte, count)
	for i := range hashes {
		hashes[i] = leafHash(leaves[i])
	}
	if whole := treeHash(hashes); lines[root] != base64.StdEncoding.EncodeToString(whole[:]) {
		return fmt.Errorf("its checkpoint is of another ledger: %w", errCertificate)
	}
	return nil
}

// openNote gives the text of a signed note.
func openNote(signed, key string) (string, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return "", fmt.Errorf("reading a pinned key: %w", err)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return "", fmt.Errorf("a signature does not hold: %w", err)
	}
	return opened.Text, nil
}

// pgDump is a whole dump of a database, in the clear.
func (w *World) pgDump(ctx context.Context, at string) ([]byte, error) {
	dump, err := exec.CommandContext(ctx, filepath.Join(shared.bin, "pg_dump"), "--dbname", at).Output()
	if err != nil {
		return nil, fmt.Errorf("dumping a database: %w", err)
	}
	return dump, nil
}
