package catalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Claim is one attempt's claim on a day.
type Claim struct {
	Backup, Attempt string
	// Owner is the workflow run behind the attempt.
	Owner string
	At    time.Time
	// Silence is how long another owner must have given no sign of life before
	// the day may be taken from it.
	Silence time.Duration
}

// Begin hands the day to a new attempt. Whatever an older attempt still does is
// fenced out from here on. It fails with DayTaken while another owner is alive,
// and for a day that is taken, drilled or pruned. From here on the row has a snapshot
// time, that of its first attempt: even a day that never succeeds may have left
// objects, which must be gone when that time's data must be gone.
func Begin(ctx context.Context, q postgres.Queryer, claim Claim) error {
	touched, err := q.Exec(ctx, `update backups set attempt = $2, owner = $3, beat_at = $4, state = 'running', reason = '',
			snapshot_at = coalesce(snapshot_at, $4)
		where id = $1 and (state = 'bad' or state = 'running' and (owner = $3 or beat_at < $5))`,
		claim.Backup, claim.Attempt, claim.Owner, claim.At, claim.At.Add(-claim.Silence))

	return changed("beginning an attempt", touched, err)
}

// Beat is an attempt's sign of life. It fails with DayTaken once the attempt is
// fenced out.
func Beat(ctx context.Context, q postgres.Queryer, id, attempt string, at time.Time) error {
	touched, err := q.Exec(ctx, `update backups set beat_at = $3 where id = $1 and attempt = $2`, id, attempt, at)

	return changed("giving a sign of life", touched, err)
}

// Object is one object that an attempt writes.
type Object struct {
	Backup, Attempt, Name, Kind string
	// Generation, Bytes and SHA256 are zero until it is stored.
	Generation int64
	Bytes      int64
	SHA256     string
}

// Announce notes an object before its upload starts, so that an orphan of a
// killed run is known by name.
func Announce(ctx context.Context, q postgres.Queryer, object Object) error {
	_, err := q.Exec(ctx, `insert into backup_objects (backup_id, attempt, name, kind) values ($1, $2, $3, $4)`,
		object.Backup, object.Attempt, object.Name, object.Kind)

	return failure.Wrap(failure.Unavailable, "announcing an object", err)
}

// Stored notes what an announced object became.
func Stored(ctx context.Context, q postgres.Queryer, object Object) error {
	touched, err := q.Exec(ctx, `update backup_objects set generation = $2, bytes = $3, sha256 = $4 where name = $1`,
		object.Name, object.Generation, object.Bytes, object.SHA256)

	return changed("noting a stored object", touched, err)
}

// Objects gives the objects of one backup that are not known to be gone, those
// of older attempts among them, by name.
func Objects(ctx context.Context, q postgres.Queryer, id string) ([]Object, error) {
	return objects(ctx, q, `backup_id = $1 and pruned_at is null`, id)
}

// EveryObject gives also those that were found gone before: an upload that was
// cut off can appear in the bucket later than anybody looked.
func EveryObject(ctx context.Context, q postgres.Queryer, id string) ([]Object, error) {
	return objects(ctx, q, `backup_id = $1`, id)
}

func objects(ctx context.Context, q postgres.Queryer, where, id string) ([]Object, error) {
	rows, err := q.Query(ctx, `select backup_id, attempt, name, kind, coalesce(generation, 0), coalesce(bytes, 0), coalesce(sha256, '')
		from backup_objects where `+where+` order by name`, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the objects of a backup", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Object])

	return found, failure.Wrap(failure.Unavailable, "reading the objects of a backup", err)
}

// RecordTaken notes that archive and manifest of this attempt are stored.
func RecordTaken(ctx context.Context, q postgres.Queryer, b Backup) error {
	touched, err := q.Exec(ctx, `update backups set state = 'taken', snapshot_at = $3, taken_at = $4, manifest_object = $5,
		manifest_gen = $6, manifest_sha256 = $7, bytes = $8, rows = $9 where id = $1 and attempt = $2 and state = 'running'`,
		b.ID, b.Attempt, b.SnapshotAt, b.TakenAt, b.ManifestObject, b.ManifestGen, b.ManifestSHA256, b.Bytes, b.Rows)

	return changed("recording the backup", touched, err)
}

// RecordDrilled notes that a restore was equal to the manifest.
func RecordDrilled(ctx context.Context, q postgres.Queryer, id, attempt string, at time.Time, took time.Duration) error {
	touched, err := q.Exec(ctx, `update backups set state = 'drilled', drilled_at = $3, drill_seconds = $4
		where id = $1 and attempt = $2 and state = 'taken'`, id, attempt, at, took.Seconds())

	return changed("recording the drill", touched, err)
}

// RecordBad notes that a drill refused the backup, and why.
func RecordBad(ctx context.Context, q postgres.Queryer, id, attempt, reason string) error {
	touched, err := q.Exec(ctx, `update backups set state = 'bad', reason = $3
		where id = $1 and attempt = $2 and state = 'taken'`, id, attempt, reason)

	return changed("recording a bad backup", touched, err)
}

// RecordPruned notes that every object of the backup is gone. It fails with
// DayTaken if that is recorded already.
func RecordPruned(ctx context.Context, q postgres.Queryer, id string, at time.Time, reason string) error {
	if _, err := q.Exec(ctx, `update backup_objects set pruned_at = $2 where backup_id = $1 and pruned_at is null`, id, at); err != nil {
		return failure.Wrap(failure.Unavailable, "recording pruned objects", err)
	}

	touched, err := q.Exec(ctx, `update backups set state = 'pruned', pruned_at = $2, reason = $3
		where id = $1 and state <> 'pruned'`, id, at, reason)

	return changed("recording a pruned backup", touched, err)
}

// RecordOrphanGone notes that an object of a superseded attempt is gone.
func RecordOrphanGone(ctx context.Context, q postgres.Queryer, name string, at time.Time) error {
	touched, err := q.Exec(ctx, `update backup_objects set pruned_at = $2 where name = $1 and pruned_at is null`, name, at)

	return changed("recording a removed orphan", touched, err)
}
