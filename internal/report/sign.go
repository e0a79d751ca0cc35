package report

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

// MaxBytes bounds the JSON of a report, without white space. A month of one
// database, or of its copies in one place, takes some 50 kB, so some twenty of them
// fit, whatever was lost; Temporal, through which
// the report passes, refuses payloads of 2 MB.
const MaxBytes = 1 << 20

// maxFile bounds a file before it is read: white space at most doubles it.
const maxFile = 4 * MaxBytes

// Signed is a report with its signature.
type Signed struct {
	// Report is its JSON without white space.
	Report string
	// Note is the signed note over the hash of that JSON.
	Note string
}

// file is the layout of an evidence file.
type file struct {
	// Report is the report; its bytes without white space are what is signed.
	Report json.RawMessage `json:"report"`
	// Note is a signed note, as of golang.org/x/mod/sumdb/note.
	Note string `json:"note"`
}

// Sign writes the report as JSON and signs the hash of it. It fails with
// ReportRefused for a report above MaxBytes.
func Sign(report Report, signer note.Signer) (Signed, error) {
	text, err := compact(report)
	if err != nil {
		return Signed{}, err
	}

	if len(text) > MaxBytes {
		return Signed{}, failure.New(failure.ReportRefused, "signing a report (it is too large for all databases together)")
	}

	signed, err := note.Sign(&note.Note{Text: statement(report.Format, text)}, signer)

	return Signed{Report: string(text), Note: string(signed)}, failure.Wrap(failure.Internal, "signing a report", err)
}

// compact writes JSON without white space, and without the escapes for HTML that
// other tools would not write: `jq -cj .report` gives the same bytes.
func compact(value any) ([]byte, error) {
	var out bytes.Buffer

	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)

	if err := encoder.Encode(value); err != nil {
		return nil, failure.Wrap(failure.Internal, "writing a report", err)
	}

	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Hash is the SHA-256 of a report's JSON without white space, in hex.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)

	return hex.EncodeToString(sum[:])
}

// statement is the text that is signed: the format's name and the report's hash.
// No checkpoint reads so, whose second line is a number.
func statement(format string, text []byte) string { return format + "\n" + Hash(text) + "\n" }

// File is the report as it is given away: JSON for people and programs.
func (s Signed) File() ([]byte, error) {
	text, err := compact(file{Report: json.RawMessage(s.Report), Note: s.Note})
	if err != nil {
		return nil, err
	}

	var out bytes.Buffer

	err = json.Indent(&out, text, "", "  ")

	return append(out.Bytes(), '\n'), failure.Wrap(failure.Internal, "writing a report", err)
}

// Parse takes a file apart, and refuses with SignatureInvalid every text that
// File would not give: no byte of it is beside the point. It checks no signature.
func Parse(text []byte) (Signed, error) {
	refused := failure.New(failure.SignatureInvalid, "reading an evidence file (it is not as it was written)")

	if len(text) > maxFile {
		return Signed{}, refused
	}

	var parts file
	if err := json.Unmarshal(text, &parts); err != nil {
		return Signed{}, refused
	}

	var plain bytes.Buffer
	if err := json.Compact(&plain, parts.Report); err != nil {
		return Signed{}, refused
	}

	signed := Signed{Report: plain.String(), Note: parts.Note}

	again, err := signed.File()
	if err != nil || !bytes.Equal(again, text) {
		return Signed{}, refused
	}

	return signed, nil
}

// Open checks the signature against the pinned key of the ledger and only then
// reads the report. It fails with SignatureInvalid.
func (s Signed) Open(verifier note.Verifier) (Report, error) {
	opened, err := note.Open([]byte(s.Note), note.VerifierList(verifier))
	if err != nil {
		return Report{}, failure.Wrap(failure.SignatureInvalid, "opening an evidence file", err)
	}

	format, _, _ := strings.Cut(opened.Text, "\n")
	if opened.Text != statement(format, []byte(s.Report)) || !strict(opened) {
		return Report{}, failure.New(failure.SignatureInvalid, "opening an evidence file (the signature is over other content)")
	}

	var report Report
	if err := json.Unmarshal([]byte(s.Report), &report); err != nil ||
		report.Format != format || !readable(format) {
		return Report{}, failure.New(failure.SignatureInvalid, "opening an evidence file (its format is of another version)")
	}

	if report.Ledger.Origin != verifier.Name() {
		return Report{}, failure.New(failure.SignatureInvalid, "opening an evidence file (it stands on another ledger)")
	}

	return report, nil
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
