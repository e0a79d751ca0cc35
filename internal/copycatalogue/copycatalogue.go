// Package copycatalogue keeps the list of copies in the steward database: one row
// for each backup and bucket that it was copied to, and one for each object that
// may lie there. A copy has no time of its own: it shows the snapshot of its
// backup, and its floor and its ceiling count from there.
package copycatalogue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// State is where a copy stands.
type State string

// The states of a copy.
const (
	// Running: it was begun; some of its objects may be there.
	Running State = "running"
	// Copied: every object is there and was compared with the signed manifest.
	Copied State = "copied"
	// Pruned: gone, proven.
	Pruned State = "pruned"
)

// Copy is one row. Times are zero while they are not known.
type Copy struct {
	// Backup is the opaque id of the backup; Bucket is where the copy lies, and
	// Location what the policy called that place when the copy began, for the last time.
	Backup, Bucket, Location string
	State                    State
	StartedAt                time.Time
	CopiedAt                 time.Time
	PrunedAt                 time.Time
	// ManifestGen is the generation of the copy's manifest.
	ManifestGen int64
	// Bytes is the size of all objects of the copy.
	Bytes int64
	// Reason says why it was pruned.
	Reason string
}

const columns = `backup_id, bucket, location, state, started_at, coalesce(copied_at, '0001-01-01T00:00:00Z'),
	coalesce(pruned_at, '0001-01-01T00:00:00Z'), coalesce(manifest_gen, 0), bytes, reason`

// Begin notes that a backup is about to be copied to a bucket, or gives the row
// that is there already. The database refuses it for a backup that no drill has
// proven (Unauthorised).
func Begin(ctx context.Context, q postgres.Queryer, fresh Copy) (Copy, error) {
	_, err := q.Exec(ctx, `insert into backup_copies (backup_id, bucket, location, started_at) values ($1, $2, $3, $4)
		on conflict do nothing`, fresh.Backup, fresh.Bucket, fresh.Location, fresh.StartedAt)
	if err != nil {
		return Copy{}, failure.Wrap(failure.Unavailable, "beginning a copy", err)
	}

	found, err := list(ctx, q, `where backup_id = $1 and bucket = $2`, fresh.Backup, fresh.Bucket)
	if err == nil && len(found) == 0 {
		err = failure.New(failure.UnknownBackup, "looking for a copy")
	}

	if err != nil {
		return Copy{}, err
	}

	return found[0], nil
}

// Of gives the copies of one backup, by location.
func Of(ctx context.Context, q postgres.Queryer, backup string) ([]Copy, error) {
	return list(ctx, q, `where backup_id = $1 order by location, bucket`, backup)
}

// Every gives all copies that are not gone, by backup and location.
func Every(ctx context.Context, q postgres.Queryer) ([]Copy, error) {
	return list(ctx, q, `where state <> 'pruned' order by backup_id, location, bucket`)
}

func list(ctx context.Context, q postgres.Queryer, where string, args ...any) ([]Copy, error) {
	const op = "reading the copies"

	rows, err := q.Query(ctx, "select "+columns+" from backup_copies "+where, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Copy])

	for i := range found {
		for _, at := range []*time.Time{&found[i].StartedAt, &found[i].CopiedAt, &found[i].PrunedAt} {
			*at = at.UTC()
		}
	}

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// Wanting gives the drilled backups that a bucket has no whole copy of, the newest
// snapshot first: of a day that cannot be copied any more the younger ones must not
// wait. A copy that is known to have lost an object is not whole; one that is recorded
// as gone is not wanted again, unless it went with its bucket and nothing else: there is
// a bucket of that name again, and the backup is still kept.
func Wanting(ctx context.Context, q postgres.Queryer, bucket string) ([]string, error) {
	const op = "reading what is not copied yet"

	rows, err := q.Query(ctx, `select id from backups where state = 'drilled' and not exists (
		select from backup_copies as c where c.backup_id = id and c.bucket = $1
			and (c.state = 'pruned' and c.reason <> $2 or c.state = 'copied' and backup_copy_lost(c.backup_id, c.bucket) is null))
		order by snapshot_at desc, id`, bucket, WithItsBucket)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// Reopen begins a copy again that is known to have lost an object. It gives false for
// any other, which stays as it is.
func Reopen(ctx context.Context, q postgres.Queryer, backup, bucket string) (bool, error) {
	touched, err := q.Exec(ctx, `update backup_copies set state = 'running'
		where backup_id = $1 and bucket = $2 and state = 'copied' and backup_copy_lost(backup_id, bucket) is not null`, backup, bucket)

	return touched > 0, failure.Wrap(failure.Unavailable, "beginning a copy again", err)
}

// Anew begins a copy anew that went with its bucket, under the name that its place has
// now and from the given start: none of what the catalogue knew of its objects holds in
// another bucket of that name, and a prune that sees them there must not take them for
// what came back. It gives false for a copy that is not gone, or went in another way, and
// where the backup itself is gone.
func Anew(ctx context.Context, q postgres.Queryer, fresh Copy) (bool, error) {
	var begun bool

	// One statement, so that no crash leaves a copy at work whose objects count as gone.
	err := q.QueryRow(ctx, `with again as (
			update backup_copies set state = 'running', location = $3, started_at = $4, copied_at = null, pruned_at = null,
				manifest_gen = null, bytes = 0, reason = ''
			where backup_id = $1 and bucket = $2 and state = 'pruned' and reason = $5
				and exists (select from backups where id = backup_id and state = 'drilled')
			returning backup_id, bucket),
		objects as (
			update backup_copy_objects as o set rewrite_token = '', generation = null, bytes = null, sha256 = null, pruned_at = null
			from again where o.backup_id = again.backup_id and o.bucket = again.bucket)
		select exists (select from again)`, fresh.Backup, fresh.Bucket, fresh.Location, fresh.StartedAt, WithItsBucket).Scan(&begun)

	return begun, failure.Wrap(failure.Unavailable, "beginning a copy anew", err)
}

// RecordReplaced notes that something else lies where an object of a copy was stored.
// Own is false where none was ever stored under that name, or where this very
// generation is it; fresh is false where the find is noted already.
func RecordReplaced(
	ctx context.Context, q postgres.Queryer, bucket string, one catalogue.Finding, at time.Time,
) (own, fresh bool, err error) {
	const op = "recording a replaced object of a copy"

	err = q.QueryRow(ctx, `select exists (select from backup_copy_objects
		where bucket = $1 and name = $2 and backup_id = $3 and generation <> $4)`, bucket, one.Name, one.Backup, one.Generation).Scan(&own)
	if err != nil || !own {
		return false, false, failure.Wrap(failure.Unavailable, op, err)
	}

	touched, err := q.Exec(ctx, `insert into backup_copy_replaced (bucket, name, generation, backup_id, found_at)
		values ($1, $2, $3, $4, $5) on conflict do nothing`, bucket, one.Name, one.Generation, one.Backup, at)

	return true, touched > 0, failure.Wrap(failure.Unavailable, op, err)
}

// WithItsBucket is why a copy is gone whose bucket was deleted, as people read it. The
// database knows the sentence (0020_copies_anew.sql): only such a copy is begun anew.
const WithItsBucket = "gone with its bucket, which the policy names no longer and which was deleted"

// restorable is for how many days a deleted bucket may come back with its objects: the
// longest that Cloud Storage can be told to keep what was soft-deleted.
const restorable = 90

// Buckets gives the buckets in which something may lie at an instant, with the newest
// name that the policy had for each. One that was deleted may be restored for a time.
func Buckets(ctx context.Context, q postgres.Queryer, at time.Time) (map[string]string, error) {
	const op = "reading where copies lie"

	type row struct{ Bucket, Location string }

	rows, err := q.Query(ctx, `select distinct on (bucket) bucket, location from backup_copies
		where bucket in (select bucket from backup_copies where state <> 'pruned' or reason = $1 and pruned_at > $2)
		order by bucket, started_at desc`, WithItsBucket, at.AddDate(0, 0, -restorable))
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	names := make(map[string]string, len(found))

	for _, one := range found {
		names[one.Bucket] = one.Location
	}

	return names, failure.Wrap(failure.Unavailable, op, err)
}

// errOver says that a copy went, or was finished by another run.
var errOver = errors.New("the copy is over")

// Announce notes an object before the service is asked for it, and gives the token
// with which an earlier try can go on; empty without one. It fails with DayTaken
// for a copy that is no longer at work.
func Announce(ctx context.Context, q postgres.Queryer, bucket string, object catalogue.Object) (token string, err error) {
	const op = "announcing an object of a copy"

	_, err = q.Exec(ctx, `insert into backup_copy_objects (backup_id, bucket, attempt, name, kind)
		select backup_id, bucket, $3, $4, $5 from backup_copies where backup_id = $1 and bucket = $2 and state = 'running'
		on conflict do nothing`, object.Backup, bucket, object.Attempt, object.Name, object.Kind)
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, op, err)
	}

	err = q.QueryRow(ctx, `select o.rewrite_token from backup_copy_objects as o join backup_copies as c using (backup_id, bucket)
		where o.bucket = $1 and o.name = $2 and c.state = 'running'`, bucket, object.Name).Scan(&token)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", failure.Wrap(failure.DayTaken, op, errOver)
	}

	return token, failure.Wrap(failure.Unavailable, op, err)
}

// Advance notes how far the copy of an object came.
func Advance(ctx context.Context, q postgres.Queryer, bucket, name, token string) error {
	_, err := q.Exec(ctx, `update backup_copy_objects set rewrite_token = $3 where bucket = $1 and name = $2`, bucket, name, token)

	return failure.Wrap(failure.Unavailable, "noting how far a copy came", err)
}

// Stored notes what an announced object became.
func Stored(ctx context.Context, q postgres.Queryer, bucket string, object catalogue.Object) error {
	touched, err := q.Exec(ctx, `update backup_copy_objects set generation = $3, bytes = $4, sha256 = $5, rewrite_token = ''
		where bucket = $1 and name = $2`, bucket, object.Name, object.Generation, object.Bytes, object.SHA256)

	return changed("noting an object of a copy", touched, err)
}

// RecordCopied notes that every object is there. It fails with DayTaken for a copy
// that is no longer at work: another run finished it, or it went.
func RecordCopied(ctx context.Context, q postgres.Queryer, c Copy) error {
	touched, err := q.Exec(ctx, `update backup_copies set state = 'copied', copied_at = $3, manifest_gen = $4, bytes = $5
		where backup_id = $1 and bucket = $2 and state = 'running'`, c.Backup, c.Bucket, c.CopiedAt, c.ManifestGen, c.Bytes)

	return changed("recording a copy", touched, err)
}

// changed turns "no row touched" into DayTaken.
func changed(op string, touched int64, err error) error {
	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, op, err)
	case touched == 0:
		return failure.Wrap(failure.DayTaken, op, errOver)
	default:
		return nil
	}
}
