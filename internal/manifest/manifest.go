// Package manifest is the signed description that makes an object a backup:
// what was dumped, from which snapshot, how it is stored, and what a restore
// must contain. No manifest, no backup.
package manifest

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/content"
	"steward/internal/failure"
)

// Format names the layout of this document; a reader refuses any other.
const Format = "steward-backup/1"

// maxBytes bounds a manifest: a hundred thousand tables fit.
const maxBytes = 64 << 20

// early is how far a snapshot may lie ahead of our clock: two machines' clocks may
// differ that much, and a small database is dumped in seconds.
const early = 5 * time.Minute

// Manifest describes one backup of one database.
type Manifest struct {
	Format   string `json:"format"`
	Backup   string `json:"backup"`
	Attempt  string `json:"attempt"`
	Database string `json:"database"`
	// Day is the business day in the company's zone, as 2006-01-02.
	Day string `json:"day"`
	// SnapshotAt is an instant just before the snapshot was taken.
	SnapshotAt time.Time `json:"snapshot_at"`
	// LSN is the position in the write-ahead log just after the snapshot was taken.
	LSN string `json:"lsn"`
	// System is the system identifier of the source's cluster: positions of the log
	// compare within one cluster only. Empty in manifests from before it was kept.
	System string `json:"system,omitempty"`
	// ServerVersion is server_version_num: 150020 is 15.20.
	ServerVersion int `json:"server_version"`
	// ClientVersion is the version of pg_dump.
	ClientVersion string `json:"client_version"`
	// Owner owns the database.
	Owner string `json:"owner"`
	// Roles are those that the database's objects name, and their memberships.
	Roles   []Role              `json:"roles"`
	Archive Stored              `json:"archive"`
	Globals Stored              `json:"globals"`
	Content content.Description `json:"content"`
	// Checkpoint is the newest signed head of the ledger when the backup was
	// taken, empty before the first.
	Checkpoint string `json:"checkpoint"`
	// Policy is the hash of the policy in force.
	Policy string `json:"policy"`
}

// Role is a role without its password.
type Role struct {
	Name     string   `json:"name"`
	MemberOf []string `json:"member_of"`
	// Superuser may own anything anywhere; in a drill it gets no such power.
	Superuser bool `json:"superuser"`
}

// Stored names one object exactly.
type Stored struct {
	Bucket     string `json:"bucket"`
	Object     string `json:"object"`
	Generation int64  `json:"generation"`
	// Bytes is the size of what is stored, encrypted.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	CRC32C uint32 `json:"crc32c"`
}

// Sign writes the manifest as it is stored: one line of JSON, then a signed
// note over its hash.
func Sign(manifest Manifest, signer note.Signer) ([]byte, error) {
	return SignLine(Format, manifest, signer)
}

// Open checks the signature against the pinned key and only then reads the
// manifest. It fails with SignatureInvalid or ManifestInvalid.
func Open(stored []byte, verifier note.Verifier) (Manifest, error) {
	var manifest Manifest

	if err := OpenLine(Format, stored, verifier, &manifest); err != nil {
		return Manifest{}, err
	}

	if manifest.Format != Format {
		return Manifest{}, failure.New(failure.ManifestInvalid, "reading the manifest (its format is of another version)")
	}

	return manifest, nil
}

// Hash is the SHA-256 of a stored manifest, in hex, as catalogue and ledger
// cite it.
func Hash(stored []byte) string {
	sum := sha256.Sum256(stored)

	return hex.EncodeToString(sum[:])
}

// Expected is what the catalogue says a manifest is about.
type Expected struct{ Backup, Attempt, Database, Day, SHA256 string }

// Check compares a manifest with what the catalogue expects: a genuine manifest
// of another day or database is refused. It fails with ManifestInvalid.
func Check(manifest Manifest, stored []byte, expected Expected, now time.Time) error {
	for _, test := range []struct {
		holds  bool
		reason string
	}{
		{Hash(stored) == expected.SHA256, "it is not the one in the catalogue"},
		{manifest.Backup == expected.Backup, "it is of another backup"},
		{manifest.Attempt == expected.Attempt, "it is of another attempt"},
		{manifest.Database == expected.Database, "it is of another database"},
		{manifest.Day == expected.Day, "it is of another day"},
		{!manifest.SnapshotAt.After(now.Add(early)), "its snapshot is in the future"},
	} {
		if !test.holds {
			return failure.New(failure.ManifestInvalid, "checking the manifest ("+test.reason+")")
		}
	}

	return nil
}
