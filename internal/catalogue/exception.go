package catalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Exception is the record of a backup that stays beyond its time. Times are zero
// while that step was not done.
type Exception struct {
	Backup string
	// Cause is why it stays, a code.
	Cause string
	// Since is when it was recorded.
	Since time.Time
	// DueAt is when its time was over.
	DueAt time.Time
	// EndedAt is when the exception ended, EndedCause why.
	EndedAt    time.Time
	EndedCause string
	// ReleasedAt is when its objects were found without Steward's hold.
	ReleasedAt time.Time
}

// Open says that the exception holds at present.
func (e Exception) Open() bool { return !e.Since.IsZero() && e.EndedAt.IsZero() }

// Exceptions gives the record of every exception, by backup; of one that came
// twice, the later.
func Exceptions(ctx context.Context, q postgres.Queryer) (map[string]Exception, error) {
	const op = "reading the exceptions"

	rows, err := q.Query(ctx, `select backup_id, cause, since, due_at, coalesce(ended_at, '0001-01-01T00:00:00Z'), ended_cause,
		coalesce(released_at, '0001-01-01T00:00:00Z') from backup_exceptions`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Exception])
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	byBackup := map[string]Exception{}

	for _, one := range found {
		for _, at := range []*time.Time{&one.Since, &one.DueAt, &one.EndedAt, &one.ReleasedAt} {
			*at = at.UTC()
		}

		byBackup[one.Backup] = one
	}

	return byBackup, nil
}

// RecordException notes that a backup stays beyond its time. It gives false where
// that is noted already, and where the backup is gone: a prune that decided before
// another one removed it must not begin its exception anew.
func RecordException(ctx context.Context, q postgres.Queryer, one Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_exceptions (backup_id, cause, since, due_at)
		select id, $2, $3, $4 from backups where id = $1 and state <> 'pruned' for share
		on conflict (backup_id) do update set cause = $2, since = $3, due_at = $4, ended_at = null, ended_cause = '', released_at = null
		where backup_exceptions.ended_at is not null`, one.Backup, one.Cause, one.Since, one.DueAt)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an exception", err)
}

// EndException notes that a backup stays no longer, since when and why. It gives
// false where that is noted already.
func EndException(ctx context.Context, q postgres.Queryer, one Exception) (bool, error) {
	touched, err := q.Exec(ctx, `update backup_exceptions set ended_at = $2, ended_cause = $3 where backup_id = $1 and ended_at is null`,
		one.Backup, one.EndedAt, one.EndedCause)

	return touched > 0, failure.Wrap(failure.Unavailable, "ending an exception", err)
}

// Honoured is the cause of a row that never was an exception: the newest proven
// backup went at the end of its time. Why is in EndedCause.
const Honoured = "honour_ceiling"

// RecordHonoured notes that the newest proven backup goes at its time. It gives
// false where that, or an exception, is noted already.
func RecordHonoured(ctx context.Context, q postgres.Queryer, one Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into backup_exceptions (backup_id, cause, since, due_at, ended_at, ended_cause, released_at)
		values ($1, $2, $3, $4, $3, $5, $3) on conflict (backup_id) do nothing`, one.Backup, Honoured, one.Since, one.DueAt, one.EndedCause)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an honoured ceiling", err)
}

// RecordReleased notes that no hold of an ended exception is left, so that a hold
// found later is somebody else's.
func RecordReleased(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	_, err := q.Exec(ctx, `update backup_exceptions set released_at = $2
		where backup_id = $1 and ended_at is not null and released_at is null`, id, at)

	return failure.Wrap(failure.Unavailable, "recording a released hold", err)
}
