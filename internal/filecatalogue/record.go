package filecatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// Begin hands the day to a new attempt, as catalogue.Begin does for databases. It
// fails with DayTaken while another owner is alive, and for a day that is taken,
// drilled or pruned.
//
// Of one set one attempt is at work at a time, whatever its day: two would take the
// claims on what both list from each other, and store twice what neither finds. So
// it fails with DayTaken too while an attempt at another day is alive. One that has
// been silent is fenced out, and its run is tried again once this one is done. It is
// to be called in a transaction.
func Begin(ctx context.Context, q postgres.Queryer, claim catalogue.Claim) error {
	// Two attempts that begin at once would not see each other.
	if _, err := q.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('steward files ' || fileset, 0))
		from file_backups where id = $1`, claim.Backup); err != nil {
		return failure.Wrap(failure.Unavailable, "waiting for the set of files", err)
	}

	silent := claim.At.Add(-claim.Silence)

	touched, err := q.Exec(ctx, `update file_backups as b set attempt = $2, owner = $3, beat_at = $4, state = 'running', reason = '',
			snapshot_at = coalesce(snapshot_at, $4)
		where id = $1 and (state = 'bad' or state = 'running' and (owner = $3 or beat_at < $5))
			and not exists (select from file_backups as o where o.fileset = b.fileset and o.id <> b.id
				and o.state = 'running' and o.snapshot_at is not null and o.owner <> $3 and o.beat_at >= $5)`,
		claim.Backup, claim.Attempt, claim.Owner, claim.At, silent)
	if err := changed("beginning an attempt", touched, 1, err); err != nil {
		return err
	}

	// Their next sign of life fails, and so would their record.
	_, err = q.Exec(ctx, `update file_backups as o set attempt = $2 from file_backups as b
		where b.id = $1 and o.fileset = b.fileset and o.id <> b.id and o.state = 'running' and o.snapshot_at is not null`,
		claim.Backup, ids.New("att"))

	return failure.Wrap(failure.Unavailable, "fencing out the silent attempts at other days", err)
}

// Beat is an attempt's sign of life. It fails with DayTaken once the attempt is
// fenced out.
func Beat(ctx context.Context, q postgres.Queryer, id, attempt string, at time.Time) error {
	touched, err := q.Exec(ctx, `update file_backups set beat_at = $3 where id = $1 and attempt = $2`, id, attempt, at)

	return changed("giving a sign of life", touched, 1, err)
}

// Announce notes a list or a manifest before its upload starts, so that an orphan
// of a killed run is known by name.
func Announce(ctx context.Context, q postgres.Queryer, object catalogue.Object) error {
	_, err := q.Exec(ctx, `insert into file_objects (backup_id, attempt, name, kind) values ($1, $2, $3, $4)`,
		object.Backup, object.Attempt, object.Name, object.Kind)

	return failure.Wrap(failure.Unavailable, "announcing an object", err)
}

// Stored notes what an announced list or manifest became.
func Stored(ctx context.Context, q postgres.Queryer, object catalogue.Object) error {
	touched, err := q.Exec(ctx, `update file_objects set generation = $2, bytes = $3, sha256 = $4 where name = $1`,
		object.Name, object.Generation, object.Bytes, object.SHA256)

	return changed("noting a stored object", touched, 1, err)
}

// Objects gives every list and manifest of one backup, those of older attempts
// and those that were found gone among them: an upload that was cut off can
// appear in the bucket later than anybody looked.
func Objects(ctx context.Context, q postgres.Queryer, id string) ([]catalogue.Object, error) {
	rows, err := q.Query(ctx, `select backup_id, attempt, name, kind, coalesce(generation, 0), coalesce(bytes, 0), coalesce(sha256, '')
		from file_objects where backup_id = $1 order by name`, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the objects of a backup", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[catalogue.Object])

	return found, failure.Wrap(failure.Unavailable, "reading the objects of a backup", err)
}

// RecordTaken notes that the manifest of this attempt is stored, and that it names
// all that the attempt claimed: contents is their number. It fails with DayTaken
// if a newer attempt is in charge, or if a drill condemned one of the contents or
// a prune one meanwhile: the next attempt stores those anew. It is to be called in
// a transaction.
func RecordTaken(ctx context.Context, q postgres.Queryer, b Backup, contents int64) error {
	touched, err := q.Exec(ctx, `update file_backups set state = 'taken', snapshot_at = $3, taken_at = $4, manifest_object = $5,
		manifest_gen = $6, manifest_sha256 = $7, files = $8, bytes = $9, fresh = $10, vanished = $11
		where id = $1 and attempt = $2 and state = 'running'`,
		b.ID, b.Attempt, b.SnapshotAt, b.TakenAt, b.ManifestObject, b.ManifestGen, b.ManifestSHA256, b.Count, b.Bytes,
		b.Fresh, b.Vanished)
	if err := changed("recording the backup", touched, 1, err); err != nil {
		return err
	}

	touched, err = q.Exec(ctx, `update file_contents set first_at = least(first_at, $2), newest_at = greatest(newest_at, $2)
		where claimed_by = $1 and generation is not null and bad_at is null and doomed_at is null and gone_at is null`,
		b.Attempt, b.SnapshotAt)

	return changed("recording what the manifest names", touched, contents, err)
}

// RecordDrilled notes that everything was found as the manifest says.
func RecordDrilled(ctx context.Context, q postgres.Queryer, id, attempt string, at time.Time, took time.Duration) error {
	touched, err := q.Exec(ctx, `update file_backups set state = 'drilled', drilled_at = $3, drill_seconds = $4
		where id = $1 and attempt = $2 and state = 'taken'`, id, attempt, at, took.Seconds())

	return changed("recording the drill", touched, 1, err)
}

// RecordBad notes that a drill refused the backup, and why.
func RecordBad(ctx context.Context, q postgres.Queryer, id, attempt, reason string) error {
	touched, err := q.Exec(ctx, `update file_backups set state = 'bad', reason = $3
		where id = $1 and attempt = $2 and state = 'taken'`, id, attempt, reason)

	return changed("recording a bad backup", touched, 1, err)
}

// RecordPruned notes that list and manifest of the backup are gone. It fails with
// DayTaken if that is recorded already.
func RecordPruned(ctx context.Context, q postgres.Queryer, id string, at time.Time, reason string) error {
	if _, err := q.Exec(ctx, `update file_objects set pruned_at = $2 where backup_id = $1 and pruned_at is null`, id, at); err != nil {
		return failure.Wrap(failure.Unavailable, "recording pruned objects", err)
	}

	touched, err := q.Exec(ctx, `update file_backups set state = 'pruned', pruned_at = $2, reason = $3
		where id = $1 and state <> 'pruned'`, id, at, reason)

	return changed("recording a pruned backup", touched, 1, err)
}
