// Package filedrill proves a backup of files: its signed manifest, the existence of
// every content that it names, and the content itself of everything that was not
// proven before and of a sample of the rest, decrypted and compared.
package filedrill

import (
	"context"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/fileprogress"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/sealed"
)

// Driller drills backups of files. It holds the private identity; it cannot sign a
// manifest, and it never reads the app's bucket.
type Driller struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Bucket holds contents, lists and manifests.
	Bucket *gcs.Bucket
	// Identities decrypt.
	Identities []age.Identity
	// Verifier is the pinned key of manifests, from the policy, never from the
	// bucket.
	Verifier note.Verifier
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Progress, if not nil, is told the phase and how far it is: bytes are those read
	// from the bucket.
	Progress fileprogress.Tell
	// Expected, if not nil, is told how many bytes phase files will read.
	Expected func(bytes int64)
}

// run is the drill of one backup.
type run struct {
	*Driller

	backup filecatalogue.Backup
	header filemanifest.Header
	meter  *fileprogress.Meter
	sample sample
	done   counts
}

// counts are what a drill did.
type counts struct {
	// files were found; fresh of them were proven for the first time, sampled again.
	files, fresh, sampled int64
	// bad is how many contents were found wanting, first why the first of them was.
	bad   int64
	first error
}

// Drill proves the backup with this id and records the outcome: drilled, or bad
// with the reason. What it returns is the row as recorded. A backup that is found
// wanting fails with a code that says how. What was proven of it stays proven when
// a drill is cut off.
func (d *Driller) Drill(ctx context.Context, id string) (filecatalogue.Backup, error) {
	backup, err := filecatalogue.Get(ctx, d.Steward, id)
	if err != nil {
		return filecatalogue.Backup{}, fmt.Errorf("drilling: %w", err)
	}

	switch backup.State {
	case catalogue.Taken:
	case catalogue.Drilled:
		return backup, nil // an earlier try got this far; its answer was lost
	default:
		return backup, failure.New(failure.EvidenceMissing, "drilling a backup that is "+string(backup.State))
	}

	started := d.Clock.Now()
	drill := &run{Driller: d, backup: backup, meter: fileprogress.New(d.Progress)}
	err = drill.prove(ctx)

	if wanting(err) {
		return filecatalogue.Backup{}, drill.refuse(ctx, err)
	}

	if err != nil {
		return filecatalogue.Backup{}, err
	}

	return drill.record(ctx, started)
}

// wanting reports whether an error says something about the backup, not about
// the world around it.
func wanting(err error) bool {
	code := failure.CodeOf(err)

	return err != nil && (failure.Lookup(code).Retake || code == failure.DecryptFailed)
}

func (r *run) prove(ctx context.Context) error {
	r.meter.Begin(fileprogress.Manifest)

	if err := r.open(ctx); err != nil {
		return err
	}

	// The list's hash must be known to be right before the first line is used.
	r.meter.Begin(fileprogress.List)

	if err := r.metered().Verify(ctx, r.header.List, "list"); err != nil {
		return err
	}

	if err := r.list(ctx); err != nil {
		return err
	}

	if err := r.resample(ctx); err != nil {
		return err
	}

	if err := r.listed(ctx); err != nil {
		return err
	}

	if r.done.bad > 0 {
		return fmt.Errorf("%d contents are not what the manifest says; the first: %w", r.done.bad, r.done.first)
	}

	return nil
}

// open reads and checks the signed header that the catalogue names.
func (r *run) open(ctx context.Context) error {
	reader, _, err := r.Bucket.Get(ctx, r.backup.ManifestObject, r.backup.ManifestGen)
	if err != nil {
		return fmt.Errorf("fetching the manifest: %w", err)
	}

	stored, err := io.ReadAll(io.LimitReader(reader, filemanifest.MaxHeader))
	if closeErr := reader.Close(); err == nil {
		err = closeErr
	}

	if err != nil {
		return failure.Wrap(failure.Unavailable, "fetching the manifest", err)
	}

	if r.header, err = filemanifest.Open(stored, r.Verifier); err != nil {
		return err
	}

	return filemanifest.Check(r.header, stored, filemanifest.Expected{
		Backup: r.backup.ID, Attempt: r.backup.Attempt, Files: r.backup.Files, Day: r.backup.Day, SHA256: r.backup.ManifestSHA256,
	}, r.Clock.Now())
}

func (r *run) reader() *sealed.Reader {
	return &sealed.Reader{Bucket: r.Bucket, Identities: r.Identities}
}

// metered is a reader of one object whose bytes are counted.
func (r *run) metered() *sealed.Reader {
	reader := r.reader()
	reader.Tell = r.meter.Object()

	return reader
}

// record notes a good backup in catalogue and ledger at once.
func (r *run) record(ctx context.Context, started time.Time) (filecatalogue.Backup, error) {
	r.backup.State, r.backup.DrilledAt = catalogue.Drilled, r.Clock.Now()
	took := r.backup.DrilledAt.Sub(started)
	r.backup.DrillSeconds = took.Seconds()

	return r.backup, r.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := filecatalogue.RecordDrilled(ctx, tx, r.backup.ID, r.backup.Attempt, r.backup.DrilledAt, took); err != nil {
			return fmt.Errorf("drilling: %w", err)
		}

		_, err := ledger.Append(ctx, tx, ledger.FilesDrilled, r.backup.DrilledAt, ledger.FilesBody{
			Backup: r.backup.ID, Files: r.backup.Files, Day: r.backup.Day, Generation: r.backup.ManifestGen,
			ManifestSHA256: r.backup.ManifestSHA256, SnapshotAt: &r.backup.SnapshotAt,
			Count: r.done.files, SizeBytes: r.header.SourceBytes, Fresh: r.done.fresh, Sampled: r.done.sampled,
			DurationMS: took.Milliseconds(),
		})

		return err
	})
}
