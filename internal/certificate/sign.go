package certificate

import (
	"encoding/json"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/signedjson"
)

// MaxBytes bounds a file: a certificate names stores, not rows, and takes some kilobytes.
const MaxBytes = 1 << 20

// Signed is a certificate with its signature.
type Signed struct {
	// Certificate is its JSON without white space.
	Certificate string
	// Note is the signed note over the hash of that JSON.
	Note string
}

// file is the layout of a certificate's file.
type file struct {
	Certificate json.RawMessage `json:"certificate"`
	Note        string          `json:"note"`
}

// Sign writes the certificate as JSON and signs the hash of it. It fails with CertificateRefused
// for one above MaxBytes.
func Sign(certificate Certificate, signer note.Signer) (Signed, error) {
	text, err := signedjson.Compact(certificate)
	if err != nil {
		return Signed{}, err
	}

	signed, err := signedjson.Sign(certificate.Format, text, signer)
	if err != nil {
		return Signed{}, err
	}

	made := Signed{Certificate: string(text), Note: signed}

	whole, err := made.File()
	if err == nil && len(whole) > MaxBytes {
		err = failure.New(failure.CertificateRefused, "signing a certificate (it is too large)")
	}

	return made, err
}

// Hash is the SHA-256 of a certificate's JSON without white space, in hex.
func Hash(text []byte) string { return signedjson.Hash(text) }

// File is the certificate as it is given away: JSON for people and programs.
func (s Signed) File() ([]byte, error) {
	return signedjson.Indented(file{Certificate: json.RawMessage(s.Certificate), Note: s.Note})
}

// Parse takes a file apart, and refuses with SignatureInvalid every text that File would
// not give: no byte of it is beside the point. It checks no signature.
func Parse(text []byte) (Signed, error) {
	refused := failure.New(failure.SignatureInvalid, "reading a certificate (it is not as it was written)")

	if len(text) > MaxBytes {
		return Signed{}, refused
	}

	var parts file
	if err := json.Unmarshal(text, &parts); err != nil {
		return Signed{}, refused
	}

	plain, err := signedjson.Plain(text, parts.Certificate, func(plain string) ([]byte, error) {
		return Signed{Certificate: plain, Note: parts.Note}.File()
	})
	if err != nil {
		return Signed{}, refused
	}

	return Signed{Certificate: plain, Note: parts.Note}, nil
}

// Open checks the signature against the pinned key and only then reads the certificate. It fails
// with SignatureInvalid. It does not look at the tombstone: Verify does.
func (s Signed) Open(verifier note.Verifier) (Certificate, error) {
	format, err := signedjson.Open(s.Note, []byte(s.Certificate), verifier)
	if err != nil {
		return Certificate{}, failure.Wrap(failure.CodeOf(err), "opening a certificate", err)
	}

	var read Certificate
	if err := json.Unmarshal([]byte(s.Certificate), &read); err != nil || read.Format != format || format != Format {
		return Certificate{}, failure.New(failure.SignatureInvalid, "opening a certificate (its format is of another version)")
	}

	return read, nil
}
