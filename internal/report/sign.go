package report

import (
	"encoding/json"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/signedjson"
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
	text, err := signedjson.Compact(report)
	if err != nil {
		return Signed{}, err
	}

	if len(text) > MaxBytes {
		return Signed{}, failure.New(failure.ReportRefused, "signing a report (it is too large for all databases together)")
	}

	signed, err := signedjson.Sign(report.Format, text, signer)

	return Signed{Report: string(text), Note: signed}, err
}

// Hash is the SHA-256 of a report's JSON without white space, in hex.
func Hash(text []byte) string { return signedjson.Hash(text) }

// File is the report as it is given away: JSON for people and programs.
func (s Signed) File() ([]byte, error) {
	return signedjson.Indented(file{Report: json.RawMessage(s.Report), Note: s.Note})
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

	plain, err := signedjson.Plain(text, parts.Report, func(plain string) ([]byte, error) {
		return Signed{Report: plain, Note: parts.Note}.File()
	})
	if err != nil {
		return Signed{}, refused
	}

	return Signed{Report: plain, Note: parts.Note}, nil
}

// Open checks the signature against the pinned key of the ledger and only then
// reads the report. It fails with SignatureInvalid.
func (s Signed) Open(verifier note.Verifier) (Report, error) {
	format, err := signedjson.Open(s.Note, []byte(s.Report), verifier)
	if err != nil {
		return Report{}, failure.Wrap(failure.CodeOf(err), "opening an evidence file", err)
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
