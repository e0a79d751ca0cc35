package filecatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Exception is the record of a day of files that stays beyond its time. It needs no
// hold on its objects, so that none is ever released.
type Exception struct {
	catalogue.Exception

	// Files is the name of the set, SnapshotAt what the day shows.
	Files      string
	SnapshotAt time.Time
}

// Exceptions gives the record of every exception, by backup; of one that came
// twice, the later.
func Exceptions(ctx context.Context, q postgres.Queryer) (map[string]Exception, error) {
	const op = "reading the exceptions of files"

	rows, err := q.Query(ctx, `select e.backup_id, e.cause, e.since, e.due_at, coalesce(e.ended_at, '0001-01-01T00:00:00Z'), e.ended_cause,
		b.fileset, coalesce(b.snapshot_at, b.opened_at) from file_exceptions as e join file_backups as b on b.id = e.backup_id`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, scanException)
	byBackup := map[string]Exception{}

	for _, one := range found {
		byBackup[one.Backup] = one
	}

	return byBackup, failure.Wrap(failure.Unavailable, op, err)
}

func scanException(row pgx.CollectableRow) (Exception, error) {
	var e Exception

	err := row.Scan(&e.Backup, &e.Cause, &e.Since, &e.DueAt, &e.EndedAt, &e.EndedCause, &e.Files, &e.SnapshotAt)
	for _, at := range []*time.Time{&e.Since, &e.DueAt, &e.EndedAt, &e.SnapshotAt} {
		*at = at.UTC()
	}

	return e, err
}

// RecordException notes that a day stays beyond its time. It gives false where that
// is noted already.
func RecordException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into file_exceptions (backup_id, cause, since, due_at) values ($1, $2, $3, $4)
		on conflict (backup_id) do update set cause = $2, since = $3, due_at = $4, ended_at = null, ended_cause = ''
		where file_exceptions.ended_at is not null`, one.Backup, one.Cause, one.Since, one.DueAt)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an exception of files", err)
}

// EndException notes that a day stays no longer, since when and why. It gives false
// where that is noted already.
func EndException(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `update file_exceptions set ended_at = $2, ended_cause = $3 where backup_id = $1 and ended_at is null`,
		one.Backup, one.EndedAt, one.EndedCause)

	return touched > 0, failure.Wrap(failure.Unavailable, "ending an exception of files", err)
}

// RecordHonoured notes that the newest proven day goes at its time. It gives false
// where that, or an exception, is noted already.
func RecordHonoured(ctx context.Context, q postgres.Queryer, one catalogue.Exception) (bool, error) {
	touched, err := q.Exec(ctx, `insert into file_exceptions (backup_id, cause, since, due_at, ended_at, ended_cause)
		values ($1, $2, $3, $4, $3, $2) on conflict (backup_id) do nothing`, one.Backup, catalogue.Honoured, one.Since, one.DueAt)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an honoured ceiling of files", err)
}

// CountNamed is how many contents the manifest of this snapshot names that are not
// gone, and how many bytes are stored of them.
func CountNamed(ctx context.Context, q postgres.Queryer, files string, snapshot time.Time) (count, bytes int64, err error) {
	err = q.QueryRow(ctx, `select count(*), coalesce(sum(bytes), 0)::bigint from file_contents where fileset = $1
		and first_at <= $2 and newest_at >= $2 and generation is not null and gone_at is null`, files, snapshot).Scan(&count, &bytes)

	return count, bytes, failure.Wrap(failure.Unavailable, "counting what a manifest names", err)
}
