// Package catalogue keeps the list of backups in the steward database: one row
// for each database and business day, and one for each object that any attempt
// may have written.
package catalogue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// State is where a backup stands.
type State string

// The states of a backup.
const (
	// Running: the day is opened; nothing good is stored yet.
	Running State = "running"
	// Taken: archive and signed manifest are stored; not yet drilled.
	Taken State = "taken"
	// Drilled: restored and found equal. Only this is good.
	Drilled State = "drilled"
	// Bad: a drill found it wanting; the day is to be taken again.
	Bad State = "bad"
	// Pruned: gone, proven.
	Pruned State = "pruned"
)

// Backup is one row of the catalogue. Times are zero while they are not known.
type Backup struct {
	ID       string
	Database string
	// Day is the business day in the company's zone, as 2006-01-02.
	Day   string
	State State
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
	// Bytes is the size of all that is stored.
	Bytes int64
	Rows  int64
	// DrillSeconds is how long the restore and the comparison took.
	DrillSeconds float64
	// Reason says why it is bad or was pruned.
	Reason string
}

const columns = `id, database, to_char(day, 'YYYY-MM-DD'), state, attempt, owner, opened_at,
	coalesce(snapshot_at, '0001-01-01T00:00:00Z'), coalesce(taken_at, '0001-01-01T00:00:00Z'),
	coalesce(drilled_at, '0001-01-01T00:00:00Z'), coalesce(pruned_at, '0001-01-01T00:00:00Z'),
	coalesce(manifest_object, ''), coalesce(manifest_gen, 0), coalesce(manifest_sha256, ''),
	bytes, rows, coalesce(drill_seconds, 0), reason`

func scan(row pgx.CollectableRow) (Backup, error) {
	var b Backup

	err := row.Scan(&b.ID, &b.Database, &b.Day, &b.State, &b.Attempt, &b.Owner, &b.OpenedAt, &b.SnapshotAt, &b.TakenAt,
		&b.DrilledAt, &b.PrunedAt, &b.ManifestObject, &b.ManifestGen, &b.ManifestSHA256, &b.Bytes, &b.Rows,
		&b.DrillSeconds, &b.Reason)

	for _, at := range []*time.Time{&b.OpenedAt, &b.SnapshotAt, &b.TakenAt, &b.DrilledAt, &b.PrunedAt} {
		*at = at.UTC()
	}

	return b, err
}

// Open opens the day for a database, or gives the row that is there already:
// asking again for a day that is done changes nothing.
func Open(ctx context.Context, q postgres.Queryer, fresh Backup) (Backup, error) {
	_, err := q.Exec(ctx, `insert into backups (id, database, day, attempt, owner, opened_at, beat_at)
		values ($1, $2, $3::date, $4, $5, $6, $6) on conflict (database, day) do nothing`,
		fresh.ID, fresh.Database, fresh.Day, fresh.Attempt, fresh.Owner, fresh.OpenedAt)
	if err != nil {
		return Backup{}, failure.Wrap(failure.Unavailable, "opening the day", err)
	}

	return one(ctx, q, `where database = $1 and day = $2::date`, fresh.Database, fresh.Day)
}

// LastBytes is what the newest whole backup of a database stored, in bytes; 0 if
// there was none.
func LastBytes(ctx context.Context, q postgres.Queryer, database string) (bytes int64, err error) {
	err = q.QueryRow(ctx, `select coalesce((select bytes from backups
		where database = $1 and state in ('taken', 'drilled', 'pruned') and bytes > 0 order by day desc limit 1), 0)`, database).Scan(&bytes)

	return bytes, failure.Wrap(failure.Unavailable, "reading the size of the last backup", err)
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
		return Backup{}, failure.New(failure.UnknownBackup, "looking for a backup")
	}

	return found[0], nil
}

// List gives all backups, the newest day first.
func List(ctx context.Context, q postgres.Queryer) ([]Backup, error) {
	return list(ctx, q, `order by day desc, database`)
}

// Kept gives the backups that are not pruned, the newest day first.
func Kept(ctx context.Context, q postgres.Queryer) ([]Backup, error) {
	return list(ctx, q, `where state <> 'pruned' order by day desc, database`)
}

func list(ctx context.Context, q postgres.Queryer, where string, args ...any) ([]Backup, error) {
	rows, err := q.Query(ctx, "select "+columns+" from backups "+where, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the catalogue", err)
	}

	found, err := pgx.CollectRows(rows, scan)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the catalogue", err)
	}

	return found, nil
}

// errFenced says that a newer attempt took the day over.
var errFenced = errors.New("a newer attempt took over")

// changed turns "no row touched" into DayTaken: whoever was fenced out stops.
func changed(op string, touched int64, err error) error {
	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, op, err)
	case touched == 0:
		return failure.Wrap(failure.DayTaken, op, errFenced)
	default:
		return nil
	}
}
