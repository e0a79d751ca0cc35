package copycatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Exceptions gives the record of every exception of this bucket, by backup.
func (s Shelf) Exceptions(ctx context.Context, q postgres.Queryer) (map[string]catalogue.Exception, error) {
	const op = "reading the exceptions of copies"

	rows, err := q.Query(ctx, `select backup_id, cause, since, due_at, coalesce(ended_at, '0001-01-01T00:00:00Z'), ended_cause,
		coalesce(released_at, '0001-01-01T00:00:00Z') from backup_copy_exceptions where bucket = $1`, s.Bucket)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogue.Exception])
	byBackup := make(map[string]catalogue.Exception, len(found))

	for _, one := range found {
		for _, at := range []*time.Time{&one.Since, &one.DueAt, &one.EndedAt, &one.ReleasedAt} {
			*at = at.UTC()
		}

		byBackup[one.Backup] = one
	}

	return byBackup, failure.Wrap(failure.Unavailable, op, err)
}

// RecordException notes that a copy stays beyond its time. It gives false where
// that is noted already, and where the copy is gone: what was decided before another
// prune removed it must not begin its exception anew.
func (s Shelf) RecordException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_copy_exceptions (bucket, backup_id, cause, since, due_at)
		select bucket, backup_id, $3, $4, $5 from backup_copies where bucket = $1 and backup_id = $2 and state <> 'pruned' for share
		on conflict (backup_id, bucket) do update
		set cause = $3, since = $4, due_at = $5, ended_at = null, ended_cause = '', released_at = null
		where backup_copy_exceptions.ended_at is not null`, s.Bucket, one.Backup, one.Cause, one.Since, one.DueAt)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an exception of a copy", err)
}

// EndException notes that a copy stays no longer. It gives false where that is
// noted already.
func (s Shelf) EndException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `update backup_copy_exceptions set ended_at = $3, ended_cause = $4
		where bucket = $1 and backup_id = $2 and ended_at is null`, s.Bucket, one.Backup, one.EndedAt, one.EndedCause)

	return touched > 0, failure.Wrap(failure.Unavailable, "ending an exception of a copy", err)
}

// RecordHonoured notes that the newest copy goes at its time. It gives false where
// that, or an exception, is noted already. What ended before the copy was begun anew
// (Anew) was the note of another one.
func (s Shelf) RecordHonoured(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_copy_exceptions
			(bucket, backup_id, cause, since, due_at, ended_at, ended_cause, released_at)
		values ($1, $2, $3, $4, $5, $4, $6, $4)
		on conflict (backup_id, bucket) do update
		set cause = $3, since = $4, due_at = $5, ended_at = $4, ended_cause = $6, released_at = $4
		where backup_copy_exceptions.ended_at <= (select started_at from backup_copies where bucket = $1 and backup_id = $2)`,
		s.Bucket, one.Backup, catalogue.Honoured, one.Since, one.DueAt, one.EndedCause)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an honoured ceiling of copies", err)
}

// RecordReleased notes that no hold of an ended exception is left.
func (s Shelf) RecordReleased(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	_, err := q.Exec(ctx, `update backup_copy_exceptions set released_at = $3
		where bucket = $1 and backup_id = $2 and ended_at is not null and released_at is null`, s.Bucket, id, at)

	return failure.Wrap(failure.Unavailable, "recording a released hold of a copy", err)
}
