package backup

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"steward/internal/archive"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/manifest"
	"steward/internal/postgres"
	"steward/internal/process"
	"steward/internal/sealed"
	"steward/internal/throttle"
)

// lockWait is how long, unless the Taker says otherwise, pg_dump waits for a table that somebody locks: a dump
// behind a stuck migration must fail and be seen, not hang.
const lockWait = 5 * time.Minute

// producer writes what is to be stored.
type producer = sealed.Producer

// store announces an object, uploads what produce writes, and notes what was
// stored. Nothing of it touches a disk.
func (r *run) store(ctx context.Context, kind string, produce producer) (manifest.Stored, error) {
	object := catalogue.Object{
		Backup: r.backup.ID, Attempt: r.backup.Attempt, Kind: kind,
		Name: fmt.Sprintf("%s/%s/%s/%s", r.backup.Database, r.backup.Day, r.backup.Attempt, kind),
	}

	if err := catalogue.Announce(ctx, r.Steward, object); err != nil {
		return manifest.Stored{}, fmt.Errorf("storing: %w", err)
	}

	uploaded, err := r.upload(ctx, object, produce)
	if err != nil {
		return manifest.Stored{}, err
	}

	object.Generation, object.Bytes, object.SHA256 = uploaded.Generation, uploaded.Size, uploaded.SHA256

	if err := catalogue.Stored(ctx, r.Steward, object); err != nil {
		return manifest.Stored{}, fmt.Errorf("storing: %w", err)
	}

	return manifest.Stored{
		Bucket: r.Bucket.Name(), Object: object.Name, Generation: uploaded.Generation,
		Bytes: uploaded.Size, SHA256: uploaded.SHA256, CRC32C: uploaded.CRC32C,
	}, nil
}

// upload stores what the producer writes.
func (r *run) upload(ctx context.Context, object catalogue.Object, produce producer) (gcs.Object, error) {
	return sealed.Put(ctx, r.Bucket, object.Name, object.Kind, gcs.PutOptions{
		Metadata: map[string]string{"backup": object.Backup, "attempt": object.Attempt, "kind": object.Kind},
		Progress: func(bytes int64) { r.report(object.Kind, bytes) },
	}, func(ctx context.Context, to io.Writer) error {
		return produce(ctx, throttle.Paced(ctx, to, r.Limits.Bandwidth))
	})
}

// dump writes the encrypted archive of the snapshot.
func (r *run) dump(ctx context.Context, to io.Writer) error {
	return r.sealed(ctx, to, process.Command{
		Path: r.tools.Path("pg_dump"), Name: "pg_dump", Code: failure.DumpFailed,
		Args: []string{
			"--format=custom", "--compress=0", "--no-password", "--snapshot=" + r.source.snapshot,
			fmt.Sprintf("--lock-wait-timeout=%d", cmp.Or(r.LockWait, lockWait).Milliseconds()), "--dbname=" + r.source.url,
		},
		Env: r.environment(), Bulk: true,
	})
}

// dumpGlobals writes the encrypted roles of the cluster, without passwords.
func (r *run) dumpGlobals(ctx context.Context, to io.Writer) error {
	return r.sealed(ctx, to, process.Command{
		Path: r.tools.Path("pg_dumpall"), Name: "pg_dumpall", Code: failure.DumpFailed,
		Args: []string{"--roles-only", "--no-role-passwords", "--no-password", "--dbname=" + r.source.url},
		Env:  r.environment(),
	})
}

// environment hands the password over where no other user can read it.
func (r *run) environment() []string {
	if r.source.password == "" {
		return nil
	}

	return []string{"PGPASSWORD=" + r.source.password}
}

func (r *run) sealed(ctx context.Context, to io.Writer, command process.Command) error {
	packed, err := archive.NewWriter(to, r.Recipients)
	if err != nil {
		return fmt.Errorf("sealing: %w", err)
	}

	// While the brake is on nothing is read from the program, and no request is
	// open: the upload sends a chunk only when it is full.
	command.Stdout, command.Nice = r.gate.Writer(ctx, packed), r.Limits.Nice
	if err := process.Run(ctx, command); err != nil {
		return err
	}

	// Only a dump that ended well gets its last, flagged chunk.
	return packed.Close()
}

// plain produces bytes that are there already.
func plain(content []byte) producer {
	return func(_ context.Context, to io.Writer) error {
		_, err := io.Copy(to, bytes.NewReader(content))

		return err //nolint:wrapcheck // the pipe's own error
	}
}

// latestCheckpoint is the newest signed head of the ledger, empty before the
// first.
func latestCheckpoint(ctx context.Context, q postgres.Queryer) (string, error) {
	head, err := ledger.ReadHead(ctx, q)
	if err != nil {
		return "", fmt.Errorf("reading the ledger's head: %w", err)
	}

	return head.Checkpoint, nil
}
