package month

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/calendar"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/report"
)

// selectCopies reads the copies of backups from the month's first day on, and of each
// bucket and database the newest whole one before.
const selectCopies = `select c.bucket, c.location, b.id, b.database, to_char(b.day, 'YYYY-MM-DD'), c.state, b.snapshot_at,
		case when b.state in ('drilled', 'pruned') then b.drilled_at end, c.copied_at, c.pruned_at,
		coalesce(b.manifest_sha256, ''), c.bytes, coalesce(c.manifest_gen, 0)
	from backup_copies as c join backups as b on b.id = c.backup_id
	where b.day >= $1::date or (c.bucket, b.id) in (
		select distinct on (k.bucket, o.database) k.bucket, o.id from backup_copies as k join backups as o on o.id = k.backup_id
		where o.day < $1::date and k.copied_at is not null order by k.bucket, o.database, o.snapshot_at desc)
	order by b.day, c.location, b.database, c.bucket`

// copies reads the rows about copies. Those in a bucket that the policy gives their
// place's name no more, as after a move, are an item of their own beside those in the
// bucket that has it now.
func copies(ctx context.Context, from Sources, asked Asked) ([]report.Backup, error) {
	const op = "reading the copies of a month"

	places, err := placesOf(ctx, from.Steward, from.Policy)
	if err != nil {
		return nil, err
	}

	rows, err := from.Steward.Query(ctx, selectCopies, asked.Month.First().String())
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, places.scan)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	return slices.DeleteFunc(found, func(one report.Backup) bool {
		return asked.Database != "" && one.Database != asked.Database
	}), nil
}

// places are the buckets of copies.
type places struct {
	// names are all that each bucket ever had, by bucket.
	names map[string][]string
	// now is the bucket that has each name, by name: the policy's, or else the last.
	now map[string]string
}

func placesOf(ctx context.Context, q postgres.Queryer, rules *policy.Policy) (places, error) {
	const op = "reading where copies lie"

	known := places{names: map[string][]string{}, now: map[string]string{}}

	rows, err := q.Query(ctx, `select location, bucket from backup_copies group by location, bucket order by max(started_at)`)
	if err != nil {
		return known, failure.Wrap(failure.Unavailable, op, err)
	}

	type row struct{ Location, Bucket string }

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	for _, place := range rules.Promises.Backups.Copies {
		found = append(found, row{place.Name, place.Bucket})
	}

	for _, place := range found {
		known.names[place.Bucket] = append(known.names[place.Bucket], place.Location)
		known.now[place.Location] = place.Bucket
	}

	return known, failure.Wrap(failure.Unavailable, op, err)
}

func (p places) scan(row pgx.CollectableRow) (report.Backup, error) {
	var (
		backup                          report.Backup
		of                              report.Copy
		bucket, location, day           string
		snapshot, drilled, copied, gone *time.Time
	)

	err := row.Scan(&bucket, &location, &backup.ID, &of.Of, &day, &backup.State, &snapshot, &drilled, &copied, &gone,
		&backup.ManifestSHA256, &backup.Bytes, &of.ManifestGen)
	if err != nil {
		return report.Backup{}, err
	}

	if p.now[location] != bucket {
		location += "@" + bucket
	}

	of.CopiedAt, of.Names, of.Bucket = postgres.Instant(copied), p.names[bucket], bucket
	backup.Database, backup.Copy = policy.Copy{Name: location}.Item(of.Of), &of
	backup.SnapshotAt, backup.DrilledAt, backup.PrunedAt = postgres.Instant(snapshot), postgres.Instant(drilled), postgres.Instant(gone)
	backup.Day, err = calendar.ParseDay(day)

	return backup, failure.Wrap(failure.EvidenceMissing, "reading the business day of a copy", err)
}
