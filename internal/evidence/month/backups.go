package month

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/calendar"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/report"
)

// selectBackups reads the rows from the month's first day on, and of each
// database and each set of files the newest drilled one before: the first gap of the
// month begins there.
const selectBackups = `select id, database, to_char(day, 'YYYY-MM-DD'), state, snapshot_at, taken_at, drilled_at, pruned_at,
		coalesce(manifest_sha256, ''), bytes, rows, round(coalesce(drill_seconds, 0) * 1000)::bigint, 0::bigint
	from backups where ($2 = '' or database = $2) and (day >= $1::date or id in (
		select distinct on (database) id from backups
		where day < $1::date and state in ('drilled', 'pruned') and drilled_at is not null
		order by database, snapshot_at desc nulls last))
	union all select id, 'files/' || fileset, to_char(day, 'YYYY-MM-DD'), state, snapshot_at, taken_at, drilled_at, pruned_at,
		coalesce(manifest_sha256, ''), bytes, 0::bigint, round(coalesce(drill_seconds, 0) * 1000)::bigint, files
	from file_backups where ($2 = '' or 'files/' || fileset = $2) and (day >= $1::date or id in (
		select distinct on (fileset) id from file_backups
		where day < $1::date and state in ('drilled', 'pruned') and drilled_at is not null
		order by fileset, snapshot_at desc nulls last))
	order by 3, 2`

func backups(ctx context.Context, q postgres.Queryer, asked Asked) ([]report.Backup, error) {
	rows, err := q.Query(ctx, selectBackups, asked.Month.First().String(), asked.Database)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the backups of a month", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading the backups of a month", err)
}

func scan(row pgx.CollectableRow) (report.Backup, error) {
	var (
		backup                         report.Backup
		day                            string
		snapshot, taken, drilled, gone *time.Time
	)

	err := row.Scan(&backup.ID, &backup.Database, &day, &backup.State, &snapshot, &taken, &drilled, &gone,
		&backup.ManifestSHA256, &backup.Bytes, &backup.Rows, &backup.DrillMS, &backup.Files)
	if err != nil {
		return report.Backup{}, err
	}

	backup.SnapshotAt, backup.TakenAt = postgres.Instant(snapshot), postgres.Instant(taken)
	backup.DrilledAt, backup.PrunedAt = postgres.Instant(drilled), postgres.Instant(gone)
	backup.Day, err = calendar.ParseDay(day)

	return backup, failure.Wrap(failure.EvidenceMissing, "reading the business day of a backup", err)
}

// left takes back that a day of files is gone where contents of it are left: its
// manifest's receipt says nothing of them. It also says since when something that a
// day needs is known to be lost, whichever day's drill or prune found it.
func left(rows []report.Backup, seen []promise.Backup) {
	type day struct{ item, day string }

	found := map[day]promise.Backup{}
	for _, each := range seen {
		found[day{each.Database, each.Day.String()}] = each
	}

	for i, row := range rows {
		each, known := found[day{row.Database, row.Day.String()}]
		if known && each.GoneAt.IsZero() {
			rows[i].PrunedAt = time.Time{}
		}

		rows[i].LostAt = each.LostAt
	}
}
