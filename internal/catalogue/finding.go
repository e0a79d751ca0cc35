package catalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Announced is one object of any attempt, with what is known of its end.
type Announced struct {
	Backup, Attempt, Name string
	// Generation is zero where it was never recorded.
	Generation int64
	// Gone says that it was proven gone.
	Gone bool
}

// EveryAnnounced gives every object that was ever announced, by name.
func EveryAnnounced(ctx context.Context, q postgres.Queryer) ([]Announced, error) {
	const op = "reading what was announced"

	rows, err := q.Query(ctx, `select backup_id, attempt, name, coalesce(generation, 0), pruned_at is not null
		from backup_objects order by name`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Announced])

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// RecordBack notes that an object which was proven gone is in the bucket again,
// so that its second end is recorded too.
func RecordBack(ctx context.Context, q postgres.Queryer, name string) error {
	_, err := q.Exec(ctx, `update backup_objects set pruned_at = null where name = $1`, name)

	return failure.Wrap(failure.Unavailable, "recording an object that came back", err)
}

// Finding is one generation of an object that is not where it should be.
type Finding struct {
	Backup, Name string
	Generation   int64
}

// RecordMissing notes that an object of a kept backup is not in the bucket. It
// gives false where that is noted already; the note is never taken back.
func RecordMissing(ctx context.Context, q postgres.Queryer, one Finding, at time.Time) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_missing (name, generation, backup_id, missing_at) values ($1, $2, $3, $4)
		on conflict do nothing`, one.Name, one.Generation, one.Backup, at)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording a missing object", err)
}

// RecordOverdue notes that an object outstayed its time, and why. It gives false
// where that is noted already.
func RecordOverdue(ctx context.Context, q postgres.Queryer, one Finding, due time.Time, cause string, at time.Time) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_overdue (name, generation, backup_id, due_at, cause, recorded_at)
		values ($1, $2, $3, $4, $5, $6) on conflict do nothing`, one.Name, one.Generation, one.Backup, due, cause, at)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an overdue object", err)
}

// MissingSince tells of each backup that lost objects since when that is known. What
// an earlier attempt at the day lost is not meant.
func MissingSince(ctx context.Context, q postgres.Queryer) (map[string]time.Time, error) {
	const op = "reading what is missing"

	rows, err := q.Query(ctx, `select m.backup_id, min(m.missing_at) from backup_missing as m join backups as b on b.id = m.backup_id
		where not exists (select from backup_objects as o where o.name = m.name and o.attempt <> b.attempt) group by m.backup_id`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	type row struct {
		Backup string
		At     time.Time
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	since := map[string]time.Time{}

	for _, one := range found {
		since[one.Backup] = one.At.UTC()
	}

	return since, failure.Wrap(failure.Unavailable, op, err)
}
