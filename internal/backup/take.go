package backup

import (
	"context"
	"fmt"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/sync/errgroup"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/content"
	"steward/internal/forecast"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/manifest"
	"steward/internal/pgtools"
	"steward/internal/postgres"
	"steward/internal/throttle"
)

// Taker takes backups of one database. It holds public keys and the signing
// key; it cannot decrypt what it made.
type Taker struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Source is the URL of the database to back up; its password does not
	// appear in any argument or error.
	Source string
	// Bucket takes the objects.
	Bucket *gcs.Bucket
	// Recipients can decrypt; an offline escrow is one of them.
	Recipients []age.Recipient
	// Signer signs manifests.
	Signer note.Signer
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// ToolsDir is the folder of PostgreSQL's programs; empty means the newest.
	ToolsDir string
	// RefuseVulnerable refuses programs with known holes.
	RefuseVulnerable bool
	// Policy is the hash of the policy in force.
	Policy string
	// Owner is the workflow run on whose behalf this is done.
	Owner string
	// Silence is how long another owner of the day must have given no sign of
	// life before it is taken over.
	Silence time.Duration
	// LockWait is how long pg_dump waits for tables that somebody locks; zero means
	// five minutes.
	LockWait time.Duration
	// Progress, if not nil, is told the phase and the bytes stored so far.
	Progress func(phase string, bytes int64)
	// Expected, if not nil, is told how many bytes the archive will have, by an
	// estimate.
	Expected func(bytes int64)
	// Held, if not nil, is told from time to time while the brake holds the work,
	// with how long it did so far in all.
	Held func(total time.Duration)
	// Limits hold the backup back.
	Limits Limits
	// Deadline is when the backup must be done, by Clock; pauses end well before
	// it. Zero is unknown.
	Deadline time.Time
	// Describe reads what the source holds; nil is content.Describe, and so it is
	// in every worker. A measurement may put nothing in its place, to see what the
	// description costs: such a backup never passes a drill.
	Describe func(ctx context.Context, q postgres.Queryer, progress func(rows int64)) (content.Description, error)
}

// run is one attempt.
type run struct {
	*Taker

	source *source
	tools  pgtools.Tools
	backup catalogue.Backup
	gate   throttle.Gate
}

// Take makes a new attempt at the backup with this id and returns its row as
// recorded. A crash at any point leaves announced objects of a fenced attempt,
// which a prune removes, and a day that the next attempt takes over.
func (t *Taker) Take(ctx context.Context, id string) (catalogue.Backup, error) {
	opened, err := catalogue.Get(ctx, t.Steward, id)
	if err != nil {
		return catalogue.Backup{}, fmt.Errorf("taking a backup: %w", err)
	}

	if opened.State == catalogue.Taken || opened.State == catalogue.Drilled {
		return opened, nil // an earlier try got this far; its answer was lost
	}

	opened.Attempt = ids.New("att")
	opened.SnapshotAt = t.Clock.Now()

	err = catalogue.Begin(ctx, t.Steward, catalogue.Claim{
		Backup: id, Attempt: opened.Attempt, Owner: t.Owner, At: opened.SnapshotAt, Silence: t.Silence,
	})
	if err != nil {
		return catalogue.Backup{}, fmt.Errorf("taking a backup: %w", err)
	}

	from, err := openSource(ctx, t.Source)
	if err != nil {
		return catalogue.Backup{}, err
	}
	defer from.close(ctx)

	tools, err := findTools(ctx, t.ToolsDir, from.version, t.RefuseVulnerable)
	if err != nil {
		return catalogue.Backup{}, err
	}

	return (&run{Taker: t, source: from, tools: tools, backup: opened}).alive(ctx)
}

func (r *run) take(ctx context.Context) (catalogue.Backup, error) {
	var (
		archive, globals manifest.Stored
		described        content.Description
	)

	// Snapshots do not hold for sequences: their first look comes before pg_dump's.
	before, err := r.source.sequencesNow(ctx)
	if err != nil {
		return catalogue.Backup{}, err
	}

	if err := r.expect(ctx); err != nil {
		return catalogue.Backup{}, err
	}

	stop, err := r.brake(ctx)
	if err != nil {
		return catalogue.Backup{}, err
	}
	defer stop()

	// The description is read while pg_dump runs: both see one snapshot.
	both, bothCtx := errgroup.WithContext(ctx)

	both.Go(func() (err error) {
		r.report("dump", 0)

		archive, err = r.store(bothCtx, "archive", r.dump)

		return err
	})
	both.Go(func() (err error) {
		described, err = r.content(bothCtx)

		return readable(err)
	})

	if err := both.Wait(); err != nil {
		return catalogue.Backup{}, fmt.Errorf("dumping: %w", err)
	}

	if err := r.source.unchanged(ctx); err != nil {
		return catalogue.Backup{}, err
	}

	after, err := r.source.sequencesNow(ctx)
	if err != nil {
		return catalogue.Backup{}, err
	}

	r.report("globals", archive.Bytes)

	if globals, err = r.store(ctx, "globals", r.dumpGlobals); err != nil {
		return catalogue.Backup{}, fmt.Errorf("dumping the globals: %w", err)
	}

	return r.finish(ctx, archive, globals, described.WithSequences(before, after))
}

// content describes the snapshot. The brake holds it between two tables.
func (r *run) content(ctx context.Context) (content.Description, error) {
	describe := r.Describe
	if describe == nil {
		describe = content.Describe
	}

	return describe(ctx, r.source, func(rows int64) {
		r.report("describe", rows)

		_ = r.gate.Wait(ctx) //nolint:errcheck // the next statement has the same context, and says it
	})
}

// expect tells how big the archive will be. The pages of the tables are those of
// the last vacuum or analyze: to measure them would wait behind every lock.
func (r *run) expect(ctx context.Context) error {
	if r.Expected == nil {
		return nil
	}

	last, err := catalogue.LastBytes(ctx, r.Steward, r.backup.Database)
	if err != nil {
		return fmt.Errorf("estimating: %w", err)
	}

	r.Expected(forecast.Stored(last, r.source.tables))

	return nil
}

// finish writes the manifest and records the backup. A crash before the
// manifest is stored leaves no backup; a crash before the record leaves one
// that nobody trusts, and that goes as an orphan.
func (r *run) finish(
	ctx context.Context, archive, globals manifest.Stored, described content.Description,
) (catalogue.Backup, error) {
	document, err := r.describe(ctx, archive, globals, described)
	if err != nil {
		return catalogue.Backup{}, err
	}

	signed, err := manifest.Sign(document, r.Signer)
	if err != nil {
		return catalogue.Backup{}, fmt.Errorf("signing: %w", err)
	}

	r.report("manifest", archive.Bytes+globals.Bytes)

	stored, err := r.store(ctx, "manifest", plain(signed))
	if err != nil {
		return catalogue.Backup{}, fmt.Errorf("storing the manifest: %w", err)
	}

	r.backup.ManifestObject, r.backup.ManifestGen, r.backup.ManifestSHA256 = stored.Object, stored.Generation, stored.SHA256
	r.backup.Bytes = archive.Bytes + globals.Bytes + stored.Bytes
	r.backup.Rows = described.Rows()
	r.backup.TakenAt = r.Clock.Now()
	r.backup.State = catalogue.Taken

	return r.backup, r.Steward.InTx(ctx, r.record)
}

func (r *run) record(ctx context.Context, tx postgres.Tx) error {
	if err := catalogue.RecordTaken(ctx, tx, r.backup); err != nil {
		return fmt.Errorf("recording: %w", err)
	}

	_, err := ledger.Append(ctx, tx, ledger.BackupStored, r.backup.TakenAt, ledger.BackupBody{
		Backup: r.backup.ID, Database: r.backup.Database, Day: r.backup.Day,
		Generation: r.backup.ManifestGen, SizeBytes: r.backup.Bytes, ManifestSHA256: r.backup.ManifestSHA256,
		SnapshotAt: &r.backup.SnapshotAt, Rows: r.backup.Rows,
		DurationMS: r.backup.TakenAt.Sub(r.backup.SnapshotAt).Round(time.Millisecond).Milliseconds(),
	})

	return err
}

func (r *run) describe(
	ctx context.Context, archive, globals manifest.Stored, described content.Description,
) (manifest.Manifest, error) {
	head, err := latestCheckpoint(ctx, r.Steward)
	if err != nil {
		return manifest.Manifest{}, err
	}

	return manifest.Manifest{
		Format: manifest.Format, Backup: r.backup.ID, Attempt: r.backup.Attempt, Database: r.backup.Database,
		Day: r.backup.Day, SnapshotAt: r.backup.SnapshotAt, LSN: r.source.lsn, System: r.source.system, ServerVersion: r.source.version,
		ClientVersion: r.tools.Version.String(), Owner: r.source.owner, Roles: r.source.roles,
		Archive: archive, Globals: globals, Content: described, Checkpoint: head, Policy: r.Policy,
	}, nil
}

func (r *run) report(phase string, bytes int64) {
	if r.Progress != nil {
		r.Progress(phase, bytes)
	}
}
