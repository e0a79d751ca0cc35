package copycatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Shelf is the catalogue of one bucket of copies, told in the words of the first
// location's, so that the same plan is made of it and carried out by the same code
// (removal.Records).
type Shelf struct {
	// Bucket is the bucket meant.
	Bucket string
}

// List gives every backup that was ever copied here. One whose copy is whole
// counts as drilled: the drill proved these very bytes, and the copy was compared
// with them. One that lost an object and is being made again counts as taken: it was
// whole, and nothing proves it now.
func (s Shelf) List(ctx context.Context, q postgres.Queryer) ([]catalogue.Backup, error) {
	const op = "reading the copies of a bucket"

	rows, err := q.Query(ctx, `select b.id, b.database, to_char(b.day, 'YYYY-MM-DD'),
			case when c.state = 'copied' then 'drilled' when c.state = 'running' and c.copied_at is not null then 'taken' else c.state end,
			b.attempt, b.opened_at, b.snapshot_at,
			coalesce(c.manifest_gen, 0), coalesce(b.manifest_sha256, ''), c.bytes
		from backup_copies as c join backups as b on b.id = c.backup_id
		where c.bucket = $1 order by b.day desc, b.database`, s.Bucket)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b catalogue.Backup, err error) {
		err = row.Scan(&b.ID, &b.Database, &b.Day, &b.State, &b.Attempt, &b.OpenedAt, &b.SnapshotAt,
			&b.ManifestGen, &b.ManifestSHA256, &b.Bytes)
		b.OpenedAt, b.SnapshotAt = b.OpenedAt.UTC(), b.SnapshotAt.UTC()

		return b, err
	})

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// EveryAnnounced gives every object that was ever announced here, by name.
func (s Shelf) EveryAnnounced(ctx context.Context, q postgres.Queryer) ([]catalogue.Announced, error) {
	const op = "reading what was announced of copies"

	rows, err := q.Query(ctx, `select backup_id, attempt, name, coalesce(generation, 0), pruned_at is not null
		from backup_copy_objects where bucket = $1 order by name`, s.Bucket)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogue.Announced])

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// EveryObject gives the objects of one copy, those that are gone among them, by
// name.
func (s Shelf) EveryObject(ctx context.Context, q postgres.Queryer, id string) ([]catalogue.Object, error) {
	const op = "reading the objects of a copy"

	rows, err := q.Query(ctx, `select backup_id, attempt, name, kind, coalesce(generation, 0), coalesce(bytes, 0), coalesce(sha256, '')
		from backup_copy_objects where bucket = $1 and backup_id = $2 order by name`, s.Bucket, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogue.Object])

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// RecordPruned notes that every object of a copy is gone. It fails with DayTaken if
// that is recorded already.
func (s Shelf) RecordPruned(ctx context.Context, q postgres.Queryer, id string, at time.Time, reason string) error {
	if _, err := q.Exec(ctx, `update backup_copy_objects set pruned_at = $3 where bucket = $1 and backup_id = $2 and pruned_at is null`,
		s.Bucket, id, at); err != nil {
		return failure.Wrap(failure.Unavailable, "recording pruned objects of a copy", err)
	}

	touched, err := q.Exec(ctx, `update backup_copies set state = 'pruned', pruned_at = $3, reason = $4
		where bucket = $1 and backup_id = $2 and state <> 'pruned'`, s.Bucket, id, at, reason)

	return changed("recording a pruned copy", touched, err)
}

// RecordOrphanGone notes that a leftover is gone.
func (s Shelf) RecordOrphanGone(ctx context.Context, q postgres.Queryer, name string, at time.Time) error {
	touched, err := q.Exec(ctx, `update backup_copy_objects set pruned_at = $3 where bucket = $1 and name = $2 and pruned_at is null`,
		s.Bucket, name, at)

	return changed("recording a removed leftover of a copy", touched, err)
}

// RecordBack notes that an object which was proven gone is in the bucket again.
func (s Shelf) RecordBack(ctx context.Context, q postgres.Queryer, name string) error {
	_, err := q.Exec(ctx, `update backup_copy_objects set pruned_at = null where bucket = $1 and name = $2`, s.Bucket, name)

	return failure.Wrap(failure.Unavailable, "recording an object of a copy that came back", err)
}

// RecordMissing notes that an object of a kept copy is not in the bucket. It gives
// false where that is noted already.
func (s Shelf) RecordMissing(ctx context.Context, q postgres.Queryer, one catalogue.Finding, at time.Time) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_copy_missing (bucket, name, generation, backup_id, missing_at)
		values ($1, $2, $3, $4, $5) on conflict do nothing`, s.Bucket, one.Name, one.Generation, one.Backup, at)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording a missing object of a copy", err)
}

// RecordOverdue notes that an object outstayed its time, and why. It gives false
// where that is noted already.
func (s Shelf) RecordOverdue(
	ctx context.Context, q postgres.Queryer, one catalogue.Finding, due time.Time, cause string, at time.Time,
) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_copy_overdue (bucket, name, generation, backup_id, due_at, cause, recorded_at)
		values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`, s.Bucket, one.Name, one.Generation, one.Backup, due, cause, at)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an overdue object of a copy", err)
}
