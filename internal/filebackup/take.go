// Package filebackup takes one backup of one set of the app's files: it lists the
// app's bucket, stores the content of each generation that is not stored yet,
// compressed and encrypted, and then the signed manifest that names them all. What
// it made is good only once package filedrill has proven it.
package filebackup

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
	"steward/internal/fence"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/fileprogress"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/manifest"
	"steward/internal/postgres"
	"steward/internal/sealed"
	"steward/internal/throttle"
)

// Taker takes backups of one set of files. It holds public keys and the signing
// key; it cannot decrypt what it made.
type Taker struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Source is the app's bucket, of which it needs to list and to read only.
	Source *gcs.Bucket
	// Prefix begins the names of the files that are meant.
	Prefix string
	// Bucket takes contents, lists and manifests.
	Bucket *gcs.Bucket
	// Recipients can decrypt; an offline escrow is one of them.
	Recipients []age.Recipient
	// Signer signs manifests.
	Signer note.Signer
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Policy is the hash of the policy in force.
	Policy string
	// Owner is the workflow run on whose behalf this is done.
	Owner string
	// Silence is how long another owner of the day must have given no sign of
	// life before it is taken over.
	Silence time.Duration
	// Bandwidth is how many bytes a second are read from the app's bucket at most,
	// and how many are handed to the upload; 0 is without a limit.
	Bandwidth int64
	// Longest is how long a run may take. A file that needs longer at Bandwidth is
	// refused before it is read; 0 refuses none.
	Longest time.Duration
	// Progress, if not nil, is told the phase and how far it is: bytes are those read
	// from the app's bucket.
	Progress fileprogress.Tell
	// Expected, if not nil, is told how many bytes will be read from the app's bucket
	// in phase files, by an estimate; 0 is unknown.
	Expected func(bytes int64)
}

// run is one attempt.
type run struct {
	*Taker

	backup filecatalogue.Backup
	salt   filecatalogue.Salt
	totals filemanifest.Totals
	meter  *fileprogress.Meter
	// in and out hold the reading and the uploading of all contents together to the
	// bandwidth. Each has its own, since zstd makes either of them the greater one.
	in, out *throttle.Pace
}

// Take makes a new attempt at the backup with this id and returns its row as
// recorded. A crash at any point leaves contents that the next attempt uses, or
// announced objects that a prune removes, and a day that the next attempt takes
// over.
func (t *Taker) Take(ctx context.Context, id string) (filecatalogue.Backup, error) {
	opened, err := filecatalogue.Get(ctx, t.Steward, id)
	if err != nil {
		return filecatalogue.Backup{}, fmt.Errorf("taking a backup of files: %w", err)
	}

	if opened.State == catalogue.Taken || opened.State == catalogue.Drilled {
		return opened, nil // an earlier try got this far; its answer was lost
	}

	// An attempt that was refused had counts of its own.
	opened.Fresh, opened.Vanished = 0, 0
	opened.Attempt = ids.New("att")
	opened.SnapshotAt = t.Clock.Now().Truncate(time.Microsecond) // as the database keeps it

	err = t.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		return filecatalogue.Begin(ctx, tx, catalogue.Claim{
			Backup: id, Attempt: opened.Attempt, Owner: t.Owner, At: opened.SnapshotAt, Silence: t.Silence,
		})
	})
	if err != nil {
		return filecatalogue.Backup{}, fmt.Errorf("taking a backup of files: %w", err)
	}

	attempt := &run{
		Taker: t, backup: opened, meter: fileprogress.New(t.Progress),
		in: throttle.NewPace(t.Bandwidth), out: throttle.NewPace(t.Bandwidth),
	}
	beat := func(ctx context.Context) error {
		return filecatalogue.Beat(ctx, t.Steward, id, opened.Attempt, t.Clock.Now())
	}

	err = fence.Hold(ctx, t.Silence, beat, attempt.take)

	return attempt.backup, err
}

// take stores what is missing while it writes the list, and then the manifest: a
// crash before that is stored leaves no backup.
func (r *run) take(ctx context.Context) (err error) {
	if r.salt, err = filecatalogue.ReadSalt(ctx, r.Steward); err != nil {
		return fmt.Errorf("taking a backup of files: %w", err)
	}

	if err := r.expect(ctx); err != nil {
		return err
	}

	r.meter.Begin(fileprogress.Files)

	list, err := r.store(ctx, "list", r.list)
	if err != nil {
		return err
	}

	r.meter.Begin(fileprogress.Manifest)

	signed, err := r.sign(ctx, list)
	if err != nil {
		return err
	}

	stored, err := r.store(ctx, "manifest", func(_ context.Context, to io.Writer) error {
		_, err := to.Write(signed)

		return err
	})
	if err != nil {
		return err
	}

	r.backup.ManifestObject, r.backup.ManifestGen, r.backup.ManifestSHA256 = stored.Object, stored.Generation, stored.SHA256
	r.backup.Count, r.backup.Bytes = r.totals.Count, r.totals.SourceBytes
	r.backup.TakenAt = r.Clock.Now()
	r.backup.State = catalogue.Taken

	return r.Steward.InTx(ctx, r.record)
}

// list lists the app's bucket and writes the list of files.
func (r *run) list(ctx context.Context, to io.Writer) error {
	list, err := filemanifest.NewWriter(to, r.Recipients)
	if err != nil {
		return err
	}

	if err := r.walk(ctx, list); err != nil {
		return err
	}

	r.totals = list.Totals()

	// Only a walk that ended well gets its last, flagged chunk.
	return list.Close()
}

// store announces the list or the manifest, uploads it, and notes what was stored.
func (r *run) store(ctx context.Context, kind string, produce sealed.Producer) (manifest.Stored, error) {
	object := catalogue.Object{
		Backup: r.backup.ID, Attempt: r.backup.Attempt, Kind: kind,
		Name: fmt.Sprintf("%s/%s/%s/%s", r.backup.Files, r.backup.Day, r.backup.Attempt, kind),
	}

	if err := filecatalogue.Announce(ctx, r.Steward, object); err != nil {
		return manifest.Stored{}, fmt.Errorf("storing: %w", err)
	}

	uploaded, err := sealed.Put(ctx, r.Bucket, object.Name, kind, gcs.PutOptions{
		Metadata: map[string]string{"backup": object.Backup, "attempt": object.Attempt, "kind": kind},
	}, r.paced(produce))
	if err != nil {
		return manifest.Stored{}, err
	}

	object.Generation, object.Bytes, object.SHA256 = uploaded.Generation, uploaded.Size, uploaded.SHA256

	if err := filecatalogue.Stored(ctx, r.Steward, object); err != nil {
		return manifest.Stored{}, fmt.Errorf("storing: %w", err)
	}

	return manifest.Stored{
		Bucket: r.Bucket.Name(), Object: object.Name, Generation: uploaded.Generation,
		Bytes: uploaded.Size, SHA256: uploaded.SHA256, CRC32C: uploaded.CRC32C,
	}, nil
}

func (r *run) sign(ctx context.Context, list manifest.Stored) ([]byte, error) {
	head, err := ledger.ReadHead(ctx, r.Steward)
	if err != nil {
		return nil, fmt.Errorf("reading the ledger's head: %w", err)
	}

	return filemanifest.Sign(filemanifest.Header{
		Format: filemanifest.Format, Backup: r.backup.ID, Attempt: r.backup.Attempt, Files: r.backup.Files, Day: r.backup.Day,
		SourceBucket: r.Source.Name(), SourcePrefix: r.Prefix, SnapshotAt: r.backup.SnapshotAt, List: list,
		Count: r.totals.Count, SourceBytes: r.totals.SourceBytes, StoredBytes: r.totals.StoredBytes,
		Vanished: r.backup.Vanished, Checkpoint: head.Checkpoint, Policy: r.Policy,
	}, r.Signer)
}

func (r *run) record(ctx context.Context, tx postgres.Tx) error {
	if err := filecatalogue.RecordTaken(ctx, tx, r.backup, r.backup.Count); err != nil {
		return fmt.Errorf("recording: %w", err)
	}

	_, err := ledger.Append(ctx, tx, ledger.FilesStored, r.backup.TakenAt, ledger.FilesBody{
		Backup: r.backup.ID, Files: r.backup.Files, Day: r.backup.Day,
		Generation: r.backup.ManifestGen, ManifestSHA256: r.backup.ManifestSHA256, SnapshotAt: &r.backup.SnapshotAt,
		Count: r.backup.Count, SizeBytes: r.backup.Bytes, Fresh: r.backup.Fresh, Vanished: r.backup.Vanished,
		DurationMS: r.backup.TakenAt.Sub(r.backup.SnapshotAt).Round(time.Millisecond).Milliseconds(),
	})

	return failure.Wrap(failure.Unavailable, "recording", err)
}

// paced hands no more to an upload than the bandwidth allows.
func (r *run) paced(produce sealed.Producer) sealed.Producer {
	return func(ctx context.Context, to io.Writer) error { return produce(ctx, r.out.Writer(ctx, to)) }
}
