package filecatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Known is one object of any attempt, with what is known of its end.
type Known struct {
	Name string
	// Files is the name of the set. Backup is set for a list or manifest, Content for
	// a content.
	Files, Backup, Content string
	// FirstAt and NewestAt are what its time counts from: the snapshots of the first and the newest
	// manifest that name a content, twice that of the backup of a list or manifest.
	FirstAt, NewestAt time.Time
	// Gone says that it was proven gone.
	Gone bool
}

// Announced gives those of the names that were ever announced, by name. What is
// announced before it is uploaded is found by who looks after it listed.
func Announced(ctx context.Context, q postgres.Queryer, names []string) (map[string]Known, error) {
	const op = "looking for what was announced"

	rows, err := q.Query(ctx, `select object, fileset, '', id, first_at, newest_at, gone_at is not null
		from file_contents where object = any($1)
		union all select o.name, b.fileset, b.id, '', coalesce(b.snapshot_at, b.opened_at), coalesce(b.snapshot_at, b.opened_at),
			o.pruned_at is not null
		from file_objects as o join file_backups as b on b.id = o.backup_id where o.name = any($1)`, names)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Known])
	known := make(map[string]Known, len(found))

	for _, one := range found {
		one.FirstAt, one.NewestAt = one.FirstAt.UTC(), one.NewestAt.UTC()
		known[one.Name] = one
	}

	return known, failure.Wrap(failure.Unavailable, op, err)
}

// Wanted gives contents that should be in the bucket and are not known to be
// missing, in the order of their objects' names: at most limit of those after one
// name and up to another, which is empty for no end.
func Wanted(ctx context.Context, q postgres.Queryer, after, until string, limit int) ([]Content, error) {
	return contents(ctx, q, "reading what should be stored", `select `+contentColumns+` from file_contents as c
		where gone_at is null and doomed_at is null and bad_at is null and generation is not null and object > $1
			and ($2 = '' or object <= $2) and not exists (select from file_missing where content_id = c.id)
		order by object limit $3`, after, until, limit)
}

// Whole gives the list and the manifest of each backup that is taken or drilled.
func Whole(ctx context.Context, q postgres.Queryer) ([]Finding, error) {
	const op = "reading lists and manifests"

	rows, err := q.Query(ctx, `select o.name, o.generation, b.fileset, b.id, '' from file_objects as o
		join file_backups as b on b.id = o.backup_id and b.attempt = o.attempt
		where b.state in ('taken', 'drilled') and o.generation is not null and o.pruned_at is null
			and not exists (select from file_missing as m where m.name = o.name and m.generation = o.generation)
		order by o.name`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Finding])

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// Finding is one generation of an object that is not where it should be.
type Finding struct {
	Name       string
	Generation int64
	// Files is the name of the set. Of a missing object either Backup or Content is
	// set: whose list or manifest it is, or which content.
	Files, Backup, Content string
}

// RecordMissing notes that objects are not in the bucket, in one statement. It gives
// the names of those of which that was not noted already; a note is never taken back.
func RecordMissing(ctx context.Context, q postgres.Queryer, some []Finding, at time.Time) (map[string]bool, error) {
	const op = "recording missing objects of files"

	names, generations := make([]string, len(some)), make([]int64, len(some))
	sets, backups, contents := make([]string, len(some)), make([]string, len(some)), make([]string, len(some))

	for i, one := range some {
		names[i], generations[i], sets[i], backups[i], contents[i] = one.Name, one.Generation, one.Files, one.Backup, one.Content
	}

	rows, err := q.Query(ctx, `insert into file_missing (name, generation, fileset, backup_id, content_id, missing_at)
		select name, generation, fileset, nullif(backup, ''), nullif(content, ''), $6
		from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as t (name, generation, fileset, backup, content)
		on conflict do nothing returning name`, names, generations, sets, backups, contents, at)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	fresh := make(map[string]bool, len(found))

	for _, name := range found {
		fresh[name] = true
	}

	return fresh, failure.Wrap(failure.Unavailable, op, err)
}

// RecordOverdue notes that an object outstayed its time, and why. It gives false
// where that is noted already.
func RecordOverdue(ctx context.Context, q postgres.Queryer, one Finding, due time.Time, cause string, at time.Time) (bool, error) {
	touched, err := q.Exec(ctx, `insert into file_overdue (name, generation, fileset, due_at, cause, recorded_at)
		values ($1, $2, $3, $4, $5, $6) on conflict do nothing`, one.Name, one.Generation, one.Files, due, cause, at)

	return touched > 0, failure.Wrap(failure.Unavailable, "recording an overdue object of files", err)
}

// Unreadable gives the backups whose list or manifest is missing: what they named
// cannot be told any more. What an earlier attempt at the day lost says nothing about
// the attempt that stands.
func Unreadable(ctx context.Context, q postgres.Queryer) (map[string]bool, error) {
	const op = "reading which backups of files are unreadable"

	rows, err := q.Query(ctx, `select distinct m.backup_id from file_missing as m join file_backups as b on b.id = m.backup_id
		where not exists (select from file_objects as o where o.name = m.name and o.attempt <> b.attempt)`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	unreadable := make(map[string]bool, len(found))

	for _, id := range found {
		unreadable[id] = true
	}

	return unreadable, failure.Wrap(failure.Unavailable, op, err)
}
