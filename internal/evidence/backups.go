package evidence

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/calendar"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// selectBackups reads the catalogue with fail-closed eyes: only a row that says
// drilled, or that was drilled before it was pruned, proves a backup; only one
// that says pruned proves that it is gone. Of one whose objects the bucket has no
// more it says since when that is known, of one that stays beyond its time the
// same. Files are judged as databases are.
//
// A day of files is gone once nothing is left that it was the last to store or to
// name. What is left belongs to the day that was opened last before its newest
// snapshot, which an attempt that died has too; so what an older day left is not
// held against the days after it. What a day under an exception names is that
// exception's, though a younger day that was never proven named it too. A day that
// failed shows what the last of its attempts left, since its own time counts from
// the first. A content that is missing, or that a drill condemned, is lost to every day that names it. What an
// older day names that is still to be kept is that day's: counted in months, its time can end after a younger one's.
//
// A day that was taken anew has lost nothing of what its earlier attempts stored: their objects are not its own.
//
// Copies in other locations are judged as databases are too: what a drill is to a backup, the comparison with its
// manifest is to a copy. A loss that was made good by copying again is held against it no more. Until that is done and
// compared it is, whatever of it is there again: what was a copy once and is at work again was one that lost an object.
//
// A copy is where its bucket is, whatever the policy called that place when the copy began: the arguments are the
// buckets that it names now, and their names. A bucket that it does not name has the name that it had.
const selectBackups = `select database, to_char(day, 'YYYY-MM-DD'), snapshot_at,
	case when state in ('drilled', 'pruned') then drilled_at end,
	case when state = 'pruned' then pruned_at end,
	(select min(m.missing_at) from backup_missing as m where m.backup_id = backups.id
		and not exists (select from backup_objects as o where o.name = m.name and o.attempt <> backups.attempt)),
	(select since from backup_exceptions where backup_id = backups.id and ended_at is null), 0
	from backups where snapshot_at is not null
	union all
	select 'files/' || f.fileset, to_char(f.day, 'YYYY-MM-DD'),
	case when f.drilled_at is null then greatest(f.snapshot_at, remains.newest) else f.snapshot_at end,
	case when f.state in ('drilled', 'pruned') then f.drilled_at end,
	case when f.state = 'pruned' and remains.newest is null then f.pruned_at end,
	least((select min(m.missing_at) from file_missing as m where m.backup_id = f.id and not exists (
			select from file_objects as o join file_backups as b on b.id = f.id where o.name = m.name and o.attempt <> b.attempt)),
		(select min(m.missing_at) from file_missing as m join file_contents as c on c.id = m.content_id
			where c.fileset = f.fileset and f.snapshot_at between c.first_at and c.newest_at),
		(select min(bad_at) from file_contents as c
			where c.bad_at is not null and c.fileset = f.fileset and f.snapshot_at between c.first_at and c.newest_at)),
	(select since from file_exceptions where backup_id = f.id and ended_at is null), f.files
	from (select id, fileset, files, day, state, opened_at, snapshot_at, drilled_at, pruned_at,
		coalesce(lead(opened_at) over (partition by fileset order by opened_at), 'infinity') as next_at from file_backups) as f
	left join lateral (select max(c.newest_at) as newest from file_contents as c
		where (f.state = 'pruned' or f.drilled_at is null) and c.fileset = f.fileset and c.gone_at is null
			and c.newest_at >= least(f.opened_at, f.snapshot_at) and c.newest_at < f.next_at
			and not exists (select from file_backups as k where k.fileset = c.fileset and k.state <> 'pruned'
				and k.snapshot_at >= c.first_at and k.snapshot_at < least(f.opened_at, f.snapshot_at))
			and not exists (select from file_exceptions as e join file_backups as x on x.id = e.backup_id
				where e.ended_at is null and x.fileset = c.fileset and x.snapshot_at between c.first_at and c.newest_at)) as remains on true
	where f.snapshot_at is not null
	union all
	select 'copies/' || coalesce(place.name, c.location) || '/' || b.database, to_char(b.day, 'YYYY-MM-DD'), b.snapshot_at,
	case when c.state in ('copied', 'pruned') or lost.at is not null then c.copied_at end,
	case when c.state = 'pruned' then c.pruned_at end,
	lost.at,
	(select since from backup_copy_exceptions as e where e.backup_id = c.backup_id and e.bucket = c.bucket and ended_at is null), 0
	from backup_copies as c join backups as b on b.id = c.backup_id
	left join unnest($1::text[], $2::text[]) as place (bucket, name) on place.bucket = c.bucket
	cross join lateral (select coalesce(backup_copy_lost(c.backup_id, c.bucket), (select max(m.missing_at) from backup_copy_missing as m
		where c.state = 'running' and c.copied_at is not null and m.backup_id = c.backup_id and m.bucket = c.bucket)) as at) as lost
	order by 3`

func backups(ctx context.Context, q postgres.Queryer, places []policy.Copy) ([]promise.Backup, error) {
	var buckets, names []string
	for _, place := range places {
		buckets, names = append(buckets, place.Bucket), append(names, place.Name)
	}

	rows, err := q.Query(ctx, selectBackups, buckets, names)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the evidence of backups", err)
	}

	found, err := pgx.CollectRows(rows, scanBackup)

	return found, failure.Wrap(failure.Unavailable, "reading the evidence of backups", err)
}

func scanBackup(row pgx.CollectableRow) (promise.Backup, error) {
	var (
		backup        promise.Backup
		day           string
		drilled, gone *time.Time
		lost, beyond  *time.Time
	)

	if err := row.Scan(&backup.Database, &day, &backup.SnapshotAt, &drilled, &gone, &lost, &beyond, &backup.Files); err != nil {
		return promise.Backup{}, err
	}

	var err error

	backup.Day, err = calendar.ParseDay(day)
	backup.SnapshotAt, backup.DrilledAt, backup.GoneAt = backup.SnapshotAt.UTC(), postgres.Instant(drilled), postgres.Instant(gone)
	backup.LostAt, backup.ExceptedAt = postgres.Instant(lost), postgres.Instant(beyond)

	return backup, failure.Wrap(failure.EvidenceMissing, "reading the business day of a backup", err)
}
