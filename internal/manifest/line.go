package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
)

// SignLine writes a document of the given format as it is stored: one line of
// JSON, then a signed note over its hash. The format is signed with it, so that
// no document can stand for one of another format.
func SignLine(format string, document any, signer note.Signer) ([]byte, error) {
	line, err := json.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}

	signed, err := note.Sign(&note.Note{Text: statement(format, line)}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the manifest: %w", err)
	}

	return append(append(line, '\n'), signed...), nil
}

// statement is the text that is signed.
func statement(format string, line []byte) string {
	sum := sha256.Sum256(line)

	return format + "\n" + hex.EncodeToString(sum[:]) + "\n"
}

// OpenLine checks the signature against the pinned key and only then reads the
// document. It fails with SignatureInvalid or ManifestInvalid.
func OpenLine(format string, stored []byte, verifier note.Verifier, into any) error {
	line, signed, found := bytes.Cut(stored, []byte("\n"))
	if !found || len(stored) > maxBytes {
		return failure.New(failure.ManifestInvalid, "reading the manifest (its signature is missing)")
	}

	opened, err := note.Open(signed, note.VerifierList(verifier))

	var unverified *note.UnverifiedNoteError

	switch {
	case errors.As(err, &unverified):
		return failure.New(failure.SignatureInvalid, "reading the manifest (it is signed by another key)")
	case err != nil:
		return failure.Wrap(failure.SignatureInvalid, "reading the manifest", err)
	case opened.Text != statement(format, line):
		return failure.New(failure.SignatureInvalid, "reading the manifest (the signature is over other content)")
	}

	// Fields that this version does not know are those of a later one.
	return failure.Wrap(failure.ManifestInvalid, "reading the manifest", json.Unmarshal(line, into))
}
