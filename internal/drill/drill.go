package drill

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/manifest"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// maxManifest bounds what is read of a manifest.
const maxManifest = 64 << 20

// Driller drills backups. It holds the private identity and works in a cluster
// of its own; it cannot sign a manifest.
type Driller struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Admin is the URL of an administrator in the drill cluster, whose databases
	// named drill_… belong to the drills.
	Admin string
	// Bucket holds the backups.
	Bucket *gcs.Bucket
	// Identities decrypt.
	Identities []age.Identity
	// Verifier is the pinned key of manifests, from the policy, never from the
	// bucket.
	Verifier note.Verifier
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// ToolsDir is the folder of PostgreSQL's programs; empty means the newest.
	ToolsDir string
	// RefuseVulnerable refuses programs with known holes.
	RefuseVulnerable bool
	// Patience scales the time that a drill has to clean up after itself.
	Patience patience.Scale
	// Progress, if not nil, is told the phase and the bytes read so far, or AtWork
	// in their place. It is called from more than one goroutine.
	Progress func(phase string, bytes int64)
	// Expected, if not nil, is told how many bytes the archive has before it is read:
	// once to its end in Download, and once in Restore after two reads of its head.
	Expected func(bytes int64)
}

// The phases of a drill whose bytes are those of the archive, and the one after them,
// which counts rows, in the words of the Temporal Web UI.
const (
	Download = "download"
	Restore  = "restore"
	Compare  = "compare"
)

// Drill restores the backup with this id, compares it, and records the outcome:
// drilled, or bad with the reason. What it returns is the row as recorded. A
// backup that is found wanting fails with a code that says how.
func (d *Driller) Drill(ctx context.Context, id string) (catalogue.Backup, error) {
	backup, err := catalogue.Get(ctx, d.Steward, id)
	if err != nil {
		return catalogue.Backup{}, fmt.Errorf("drilling: %w", err)
	}

	if backup.State != catalogue.Taken {
		return settled(backup)
	}

	started := d.Clock.Now()
	tables, err := d.prove(ctx, backup)

	if wanting(err) {
		return catalogue.Backup{}, d.refuse(ctx, backup, err)
	}

	if err != nil {
		return catalogue.Backup{}, err
	}

	backup.State, backup.DrilledAt = catalogue.Drilled, d.Clock.Now()
	backup.DrillSeconds = backup.DrilledAt.Sub(started).Seconds()

	return backup, d.record(ctx, backup, started, tables)
}

// settled answers for a backup that an earlier try has dealt with.
func settled(backup catalogue.Backup) (catalogue.Backup, error) {
	if backup.State == catalogue.Drilled {
		return backup, nil
	}

	return backup, failure.New(failure.EvidenceMissing, "drilling a backup that is "+string(backup.State))
}

// wanting reports whether an error says something about the backup, not about
// the world around it. A backup that our identities do not open, or that does
// not restore, is bad whoever is to blame: nobody could recover with it.
func wanting(err error) bool {
	code := failure.CodeOf(err)

	return err != nil && (failure.Lookup(code).Retake || code == failure.DecryptFailed)
}

// prove does the drill and gives the number of tables that were equal.
func (d *Driller) prove(ctx context.Context, backup catalogue.Backup) (int, error) {
	d.report("manifest", 0)

	document, err := d.manifest(ctx, backup)
	if err != nil {
		return 0, err
	}

	if err := d.checkGlobals(ctx, document); err != nil {
		return 0, err
	}

	var restored content.Description

	err = d.inScratch(ctx, backup, document, func(ctx context.Context, scratch *scratch) error {
		return scratch.watched(ctx, lookEvery, func(ctx context.Context) (err error) {
			ahead := &content.Ahead{}

			if err := scratch.readingAhead(ctx, ahead, scratch.restore); err != nil {
				return err
			}

			d.report(Compare, document.Archive.Bytes)

			restored, err = scratch.describe(ctx, ahead)

			return err
		})
	})
	if err != nil {
		return 0, err
	}

	if differences := content.Compare(document.Content, restored); len(differences) > 0 {
		return 0, failure.Wrap(failure.ContentDiffers, "comparing ("+summary(withoutRoles(differences))+")", found(differences))
	}

	return len(restored.Tables), nil
}

// withoutRoles keeps of a difference between privileges only that there is one.
func withoutRoles(differences []string) []string {
	var kept []string

	for _, difference := range differences {
		if strings.HasPrefix(difference, "privilege ") {
			difference = "owners, grants or default privileges differ"
		}

		if !slices.Contains(kept, difference) {
			kept = append(kept, difference)
		}
	}

	return kept
}

// found is the cause of a refusal. It names roles, which may be people's logins: a
// cause stays out of what is logged, an op does not.
type found []string

// Error names the first differences.
func (f found) Error() string { return summary(f) }

// summary names the first differences; all of them would make no better hint.
func summary(differences []string) string {
	const shown = 3

	if len(differences) <= shown {
		return strings.Join(differences, "; ")
	}

	return fmt.Sprintf("%s; and %d more", strings.Join(differences[:shown], "; "), len(differences)-shown)
}

// manifest reads and checks the manifest that the catalogue names.
func (d *Driller) manifest(ctx context.Context, backup catalogue.Backup) (manifest.Manifest, error) {
	reader, _, err := d.Bucket.Get(ctx, backup.ManifestObject, backup.ManifestGen)
	if err != nil {
		return manifest.Manifest{}, fmt.Errorf("fetching the manifest: %w", err)
	}

	stored, err := io.ReadAll(io.LimitReader(reader, maxManifest))
	if closeErr := reader.Close(); err == nil {
		err = closeErr
	}

	if err != nil {
		return manifest.Manifest{}, failure.Wrap(failure.Unavailable, "fetching the manifest", err)
	}

	document, err := manifest.Open(stored, d.Verifier)
	if err != nil {
		return manifest.Manifest{}, err
	}

	err = manifest.Check(document, stored, manifest.Expected{
		Backup: backup.ID, Attempt: backup.Attempt, Database: backup.Database, Day: backup.Day, SHA256: backup.ManifestSHA256,
	}, d.Clock.Now())

	return document, err
}

// record notes a good backup in catalogue and ledger at once.
func (d *Driller) record(ctx context.Context, backup catalogue.Backup, started time.Time, tables int) error {
	took := backup.DrilledAt.Sub(started)

	return d.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := catalogue.RecordDrilled(ctx, tx, backup.ID, backup.Attempt, backup.DrilledAt, took); err != nil {
			return fmt.Errorf("drilling: %w", err)
		}

		_, err := ledger.Append(ctx, tx, ledger.BackupDrilled, backup.DrilledAt, ledger.BackupBody{
			Backup: backup.ID, Database: backup.Database, Day: backup.Day, Generation: backup.ManifestGen,
			ManifestSHA256: backup.ManifestSHA256, SnapshotAt: &backup.SnapshotAt,
			Tables: int64(tables), Rows: backup.Rows, DurationMS: took.Milliseconds(),
		})

		return err
	})
}

// refuse notes a backup that was found wanting, and gives the reason back.
func (d *Driller) refuse(ctx context.Context, backup catalogue.Backup, reason error) error {
	code := failure.CodeOf(reason)
	now := d.Clock.Now()

	err := d.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := catalogue.RecordBad(ctx, tx, backup.ID, backup.Attempt, string(code)); err != nil {
			return fmt.Errorf("refusing: %w", err)
		}

		_, err := ledger.Append(ctx, tx, ledger.BackupRefused, now, ledger.BackupBody{
			Backup: backup.ID, Database: backup.Database, Day: backup.Day, Code: string(code),
		})

		return err
	})
	if err != nil {
		return err
	}

	return reason
}

func (d *Driller) report(phase string, bytes int64) {
	if d.Progress != nil {
		d.Progress(phase, bytes)
	}
}
