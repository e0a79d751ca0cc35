// Package filemanifest is the signed description that makes stored contents a
// backup of files: a small signed header, and a list that it pins. The header is
// in the clear and says how much there is; the list is encrypted and names every
// file, since the names of files may hold personal data. No header, no backup.
package filemanifest

import (
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/manifest"
)

// Format names the layout of header and list; a reader refuses any other.
const Format = "steward-files/1"

// MaxHeader bounds what is read of a header: it has no part that grows.
const MaxHeader = 1 << 20

// Header describes the backup of one set of files on one business day.
type Header struct {
	Format  string `json:"format"`
	Backup  string `json:"backup"`
	Attempt string `json:"attempt"`
	// Files is the name of the set in the policy.
	Files string `json:"files"`
	// Day is the business day in the company's zone, as 2006-01-02.
	Day string `json:"day"`
	// SourceBucket and SourcePrefix are where the app keeps them.
	SourceBucket string `json:"source_bucket"`
	SourcePrefix string `json:"source_prefix"`
	// SnapshotAt is an instant just before the app's bucket was listed. What the
	// app did while it was being listed and read is in the backup or not.
	SnapshotAt time.Time `json:"snapshot_at"`
	// List is the object that names every file.
	List manifest.Stored `json:"list"`
	// Count is the number of files in the list, SourceBytes their size in the
	// clear, StoredBytes the size of their contents as stored.
	Count       int64 `json:"count"`
	SourceBytes int64 `json:"source_bytes"`
	StoredBytes int64 `json:"stored_bytes"`
	// Vanished is how many files were listed and deleted before they were read.
	Vanished int64 `json:"vanished"`
	// Checkpoint is the newest signed head of the ledger when the backup was
	// taken, empty before the first.
	Checkpoint string `json:"checkpoint"`
	// Policy is the hash of the policy in force.
	Policy string `json:"policy"`
}

// Sign writes the header as it is stored: one line of JSON, then a signed note
// over its hash.
func Sign(header Header, signer note.Signer) ([]byte, error) {
	return manifest.SignLine(Format, header, signer)
}

// Open checks the signature against the pinned key and only then reads the
// header. It fails with SignatureInvalid or ManifestInvalid.
func Open(stored []byte, verifier note.Verifier) (Header, error) {
	var header Header

	if err := manifest.OpenLine(Format, stored, verifier, &header); err != nil {
		return Header{}, err
	}

	if header.Format != Format {
		return Header{}, failure.New(failure.ManifestInvalid, "reading the manifest (its format is of another version)")
	}

	return header, nil
}

// Expected is what the catalogue says a header is about.
type Expected struct{ Backup, Attempt, Files, Day, SHA256 string }

// Check compares a header with what the catalogue expects: a genuine header of
// another day or set is refused. It fails with ManifestInvalid.
func Check(header Header, stored []byte, expected Expected, now time.Time) error {
	for _, test := range []struct {
		holds  bool
		reason string
	}{
		{manifest.Hash(stored) == expected.SHA256, "it is not the one in the catalogue"},
		{header.Backup == expected.Backup, "it is of another backup"},
		{header.Attempt == expected.Attempt, "it is of another attempt"},
		{header.Files == expected.Files, "it is of another set of files"},
		{header.Day == expected.Day, "it is of another day"},
		{!header.SnapshotAt.After(now), "its snapshot is in the future"},
	} {
		if !test.holds {
			return failure.New(failure.ManifestInvalid, "checking the manifest ("+test.reason+")")
		}
	}

	return nil
}
