// Package entries reads from the ledger what it holds about backups, kind by
// kind as it stands there: an entry of a kind that this version does not know
// counts as evidence too, as long as its body names a backup.
package entries

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Waiting is the position of an entry that waits for its seal.
const Waiting = -1

// Entry is one entry of the ledger.
type Entry struct {
	ledger.Entry

	// Position is its place in the ledger, or Waiting.
	Position int64
}

// Sealed reports whether the entry has its position.
func (e Entry) Sealed() bool { return e.Position != Waiting }

// About is what the body of an entry says of a backup, whatever its kind. What a
// body lacks is zero.
type About struct {
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Database is its name in the policy; "" for a backup of files.
	Database string `json:"database"`
	// Files is the name of the set in the policy; "" for a backup of a database.
	Files string `json:"files"`
	// Day is its business day, as 2006-01-02.
	Day string `json:"day"`
	// FirstDay is the first day that an entry about several days is about; Day is the
	// last.
	FirstDay string `json:"first_day"`
	// ManifestSHA256 names the attempt that the entry is about, by its manifest.
	ManifestSHA256 string `json:"manifest_sha256"`
	// SnapshotAt is the instant that the backup shows.
	SnapshotAt time.Time `json:"snapshot_at"`
	// DueAt is when the time of what the entry is about was over, as it says itself.
	DueAt time.Time `json:"due_at"`
	// Code is a failure code or a cause.
	Code string `json:"code"`
	// Cause is the same in the bodies that call it so; Code has it too.
	Cause string `json:"cause"`
	// Location is the name of the place in which the copy lies that the entry is about;
	// "" for one about the backup itself.
	Location string `json:"location"`
	// Generation is that of the manifest, or of the one object that the entry is about.
	Generation int64 `json:"generation"`
	// Count is how many files or objects the entry is about.
	Count int64 `json:"count"`
	// Object is the one object that the entry is about, where it names one.
	Object string `json:"object"`
	// Promise is the item of an entry about a promise, such as "backups/app".
	Promise string `json:"promise"`
}

// Item is what the entry is about, as the promise calls it: a database by its name,
// files as "files/NAME".
func (a About) Item() string {
	if a.Files != "" {
		return "files/" + a.Files
	}

	return a.Database
}

// About reads the body. It fails with LedgerTampered for a body that is none.
func (e Entry) About() (About, error) {
	var about About
	err := json.Unmarshal(e.Body, &about)
	about.Code = cmp.Or(about.Code, about.Cause)

	return about, failure.Wrap(failure.LedgerTampered, "reading the body of a ledger entry", err)
}

// columns are those of an entry; one that waits has no position.
const columns = `select id, kind, at, body, coalesce(position, -1) from ledger.entries`

// Since gives every entry about a backup, a copy or a promise from an instant on, in the
// order of the ledger, those that wait last. The receipts of contents of files, which
// belong to no one day, are left out. It fails with Unavailable.
func Since(ctx context.Context, q postgres.Queryer, from time.Time) ([]Entry, error) {
	return read(ctx, q, columns+` where at >= $1 and (kind like 'backup.%' or kind like 'copy.%' or kind like 'promise.%'
		or kind like 'files.%' and (kind <> 'files.pruned' or strpos(body, '"backup"') > 0))
		order by position nulls last, serial`, from)
}

// OfBackup gives every entry whose body names the backup, of whatever kind, in
// the order of the ledger. It fails with Unavailable, and with UnknownBackup for what
// is no id.
func OfBackup(ctx context.Context, q postgres.Queryer, id string) ([]Entry, error) {
	if !ids.Valid("bkp", id) {
		return nil, failure.New(failure.UnknownBackup, "looking for the entries of a backup")
	}

	return read(ctx, q, columns+` where strpos(body, $1) > 0 order by position nulls last, serial`, `"`+id+`"`)
}

func read(ctx context.Context, q postgres.Queryer, sql string, args ...any) ([]Entry, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the ledger's entries", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading the ledger's entries", err)
}

func scan(row pgx.CollectableRow) (Entry, error) {
	var (
		entry Entry
		body  string
	)

	err := row.Scan(&entry.ID, &entry.Kind, &entry.At, &body, &entry.Position)
	entry.At, entry.Body = entry.At.UTC(), []byte(body)

	return entry, err
}
