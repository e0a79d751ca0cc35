// Package signedjson signs what is given away as JSON: the signature is a note of golang.org/x/mod/sumdb/note
// over the name of a format, and the SHA-256 of the JSON without white space.
package signedjson

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
)

// Compact writes JSON without white space, and without the escapes for HTML that other
// tools would not write: `jq -cj` gives the same bytes. It fails with Internal for what JSON cannot hold.
func Compact(value any) ([]byte, error) {
	var out bytes.Buffer

	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(value); err != nil {
		return nil, failure.Wrap(failure.Internal, "writing JSON", err)
	}

	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Indented writes JSON for people, as Compact but for its white space, with a newline at its end. It fails as Compact.
func Indented(value any) ([]byte, error) {
	text, err := Compact(value)
	if err != nil {
		return nil, err
	}

	var out bytes.Buffer

	err = json.Indent(&out, text, "", "  ")

	return append(out.Bytes(), '\n'), failure.Wrap(failure.Internal, "writing JSON", err)
}

// Plain gives what a file holds without white space, where write, which makes a file of that, gives the very text again: no
// byte of it is beside the point. It fails with SignatureInvalid where it does not. It checks no signature.
func Plain(text []byte, held json.RawMessage, write func(plain string) ([]byte, error)) (string, error) {
	var plain bytes.Buffer
	if err := json.Compact(&plain, held); err != nil {
		return "", failure.New(failure.SignatureInvalid, "reading signed JSON (it is none)")
	}

	again, err := write(plain.String())
	if err != nil || !bytes.Equal(again, text) {
		return "", failure.New(failure.SignatureInvalid, "reading signed JSON (it is not as it was written)")
	}

	return plain.String(), nil
}

// Hash is the SHA-256 of JSON without white space, in hex.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)

	return hex.EncodeToString(sum[:])
}

// statement is the text that is signed: the format's name and the hash. No
// checkpoint of the ledger reads so, whose second line is a number.
func statement(format string, text []byte) string { return format + "\n" + Hash(text) + "\n" }

// Sign signs JSON without white space that is of a format. It fails with Internal where the signer does.
func Sign(format string, text []byte, signer note.Signer) (string, error) {
	signed, err := note.Sign(&note.Note{Text: statement(format, text)}, signer)

	return string(signed), failure.Wrap(failure.Internal, "signing JSON", err)
}

// Open checks a note against the pinned key and the JSON that it shall be over, and
// gives the format that it names. It fails with SignatureInvalid.
func Open(signed string, text []byte, verifier note.Verifier) (string, error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return "", failure.Wrap(failure.SignatureInvalid, "looking at the signature", err)
	}

	format, _, _ := strings.Cut(opened.Text, "\n")
	if opened.Text != statement(format, text) || !strict(opened) {
		return "", failure.New(failure.SignatureInvalid, "looking at the signature (it is over other content)")
	}

	return format, nil
}

// strict refuses what package note ignores: a second signature, and base64 with
// bits that are not used. A note shall have one text only.
func strict(opened *note.Note) bool {
	if len(opened.Sigs) != 1 || len(opened.UnverifiedSigs) != 0 {
		return false
	}

	_, err := base64.StdEncoding.Strict().DecodeString(opened.Sigs[0].Base64)

	return err == nil
}
