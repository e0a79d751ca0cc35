// Package filecatalogue keeps the list of file backups in the steward database:
// one row for each set of files and business day, one for each content that is
// stored. What the app calls its objects is not in it.
package filecatalogue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Backup is the backup of one set of files on one business day. Its states are
// those of package catalogue. Times are zero while they are not known.
type Backup struct {
	ID string
	// Files is the name of the set in the policy.
	Files string
	// Day is the business day in the company's zone, as 2006-01-02.
	Day   string
	State catalogue.State
	// Attempt fences: only the attempt that stands here may record anything.
	Attempt string
	// Owner is the workflow run that works on it.
	Owner          string
	OpenedAt       time.Time
	SnapshotAt     time.Time
	TakenAt        time.Time
	DrilledAt      time.Time
	PrunedAt       time.Time
	ManifestObject string
	ManifestGen    int64
	ManifestSHA256 string
	// Count is how many files the manifest names, Bytes their size in the app's bucket.
	Count, Bytes int64
	// Fresh is how many of them this backup stored; the others were stored before.
	Fresh int64
	// Vanished is how many were listed and had gone before they could be read.
	Vanished int64
	// DrillSeconds is how long the drill took.
	DrillSeconds float64
	// Reason says why it is bad or was pruned.
	Reason string
}

const columns = `id, fileset, to_char(day, 'YYYY-MM-DD'), state, attempt, owner, opened_at,
	coalesce(snapshot_at, '0001-01-01T00:00:00Z'), coalesce(taken_at, '0001-01-01T00:00:00Z'),
	coalesce(drilled_at, '0001-01-01T00:00:00Z'), coalesce(pruned_at, '0001-01-01T00:00:00Z'),
	coalesce(manifest_object, ''), coalesce(manifest_gen, 0), coalesce(manifest_sha256, ''),
	files, bytes, fresh, vanished, coalesce(drill_seconds, 0), reason`

func scan(row pgx.CollectableRow) (Backup, error) {
	var b Backup

	err := row.Scan(&b.ID, &b.Files, &b.Day, &b.State, &b.Attempt, &b.Owner, &b.OpenedAt, &b.SnapshotAt, &b.TakenAt,
		&b.DrilledAt, &b.PrunedAt, &b.ManifestObject, &b.ManifestGen, &b.ManifestSHA256, &b.Count, &b.Bytes, &b.Fresh,
		&b.Vanished, &b.DrillSeconds, &b.Reason)

	for _, at := range []*time.Time{&b.OpenedAt, &b.SnapshotAt, &b.TakenAt, &b.DrilledAt, &b.PrunedAt} {
		*at = at.UTC()
	}

	return b, err
}

// Open opens the day for a set of files, or gives the row that is there already:
// asking again for a day that is done changes nothing.
func Open(ctx context.Context, q postgres.Queryer, fresh Backup) (Backup, error) {
	_, err := q.Exec(ctx, `insert into file_backups (id, fileset, day, attempt, owner, opened_at, beat_at)
		values ($1, $2, $3::date, $4, $5, $6, $6) on conflict (fileset, day) do nothing`,
		fresh.ID, fresh.Files, fresh.Day, fresh.Attempt, fresh.Owner, fresh.OpenedAt)
	if err != nil {
		return Backup{}, failure.Wrap(failure.Unavailable, "opening the day", err)
	}

	return one(ctx, q, `where fileset = $1 and day = $2::date`, fresh.Files, fresh.Day)
}

// Get gives one backup; it fails with UnknownBackup.
func Get(ctx context.Context, q postgres.Queryer, id string) (Backup, error) {
	return one(ctx, q, `where id = $1`, id)
}

func one(ctx context.Context, q postgres.Queryer, where string, args ...any) (Backup, error) {
	found, err := list(ctx, q, where, args...)
	if err != nil {
		return Backup{}, err
	}

	if len(found) == 0 {
		return Backup{}, failure.New(failure.UnknownBackup, "looking for a backup of files")
	}

	return found[0], nil
}

// List gives all backups, the newest day first.
func List(ctx context.Context, q postgres.Queryer) ([]Backup, error) {
	return list(ctx, q, `order by day desc, fileset`)
}

// Kept gives the backups that are not pruned, the newest day first.
func Kept(ctx context.Context, q postgres.Queryer) ([]Backup, error) {
	return list(ctx, q, `where state <> 'pruned' order by day desc, fileset`)
}

// Newest gives the backup of the newest day of a set that was taken whole, drilled or
// not yet, and is not pruned. Found is false where there is none.
func Newest(ctx context.Context, q postgres.Queryer, files string) (newest Backup, found bool, err error) {
	all, err := list(ctx, q, `where fileset = $1 and state in ('taken', 'drilled') order by day desc limit 1`, files)
	if err != nil || len(all) == 0 {
		return Backup{}, false, err
	}

	return all[0], true, nil
}

func list(ctx context.Context, q postgres.Queryer, where string, args ...any) ([]Backup, error) {
	rows, err := q.Query(ctx, "select "+columns+" from file_backups "+where, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the catalogue of files", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading the catalogue of files", err)
}

// errFenced says that a newer attempt took the day over, or that a drill or a
// prune changed meanwhile what this attempt built on.
var errFenced = errors.New("another run changed it meanwhile")

// changed turns "not the rows that were meant" into DayTaken: whoever was fenced
// out stops, and is tried again.
func changed(op string, touched, wanted int64, err error) error {
	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, op, err)
	case touched != wanted:
		return failure.Wrap(failure.DayTaken, op, errFenced)
	default:
		return nil
	}
}
