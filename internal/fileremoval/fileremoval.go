// Package fileremoval makes backups of files be gone: manifests, and contents that
// no kept manifest names, by their generations, with the proof from every listing
// and the receipt in the ledger. What goes is decided by package fileprune.
package fileremoval

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

const (
	// batchSize is how many contents are decided on and recorded at once.
	batchSize = 200
	// atOnce is how many are removed at once.
	atOnce = 4
	// alive is for how long the last sign of life of an attempt protects what it has
	// claimed. It gives one every half minute; the record of a manifest looks again.
	alive = 10 * time.Minute
)

// Remover removes what the catalogue lists; it never touches another object.
type Remover struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Bucket holds contents, lists and manifests.
	Bucket *gcs.Bucket
	// Rule is what the policy says; Enforce is false in observe mode, in which
	// nothing is removed.
	Rule    fileprune.Rule
	Enforce bool
	// Progress, if not nil, is told the phase and how far it is.
	Progress func(phase string, done int64)
}

// Result counts what a prune of files did.
type Result struct {
	// Kept, Removed and Exceptions are manifests; Contents are contents that are
	// gone; Due are manifests and contents that observe mode would have removed.
	Kept, Removed, Exceptions, Contents, Due int64
}

// Prune removes what is past its time at the given instant. One removal that fails
// does not keep the others from being tried. A crash anywhere leaves what the
// catalogue still lists, and pruning again finishes the work.
func (r *Remover) Prune(ctx context.Context, at time.Time) (Result, error) {
	kept, err := filecatalogue.Kept(ctx, r.Steward)
	if err != nil {
		return Result{}, err
	}

	sets, err := filecatalogue.Sets(ctx, r.Steward)
	if err != nil {
		return Result{}, err
	}

	work := &work{Remover: r, at: at, held: held(kept)}
	work.manifests(ctx, kept)

	excepted := fileprune.Excepted(work.held, r.Rule, at)
	for _, files := range sets {
		work.failed(work.contents(ctx, files, excepted[files]))
	}

	return work.result, errors.Join(work.failures...)
}

// work is one prune.
type work struct {
	*Remover

	at       time.Time
	held     []fileprune.Manifest
	result   Result
	failures []error
}

func (w *work) failed(err error) {
	if err != nil {
		w.failures = append(w.failures, err)
	}
}

func (w *work) manifests(ctx context.Context, kept []filecatalogue.Backup) {
	for i, decision := range fileprune.Manifests(w.held, w.Rule, w.at) {
		w.report("manifests", int64(i))

		switch {
		case decision.Delete && w.Enforce:
			if err := w.manifest(ctx, kept[i], decision.Reason); err != nil {
				w.failed(err)

				continue
			}

			w.result.Removed++
		case decision.Delete:
			w.result.Due++
		default:
			w.result.Kept++

			if decision.Exception {
				w.result.Exceptions++
			}
		}
	}
}

// manifest removes list and manifest of one backup, of all its attempts.
func (w *work) manifest(ctx context.Context, backup filecatalogue.Backup, reason string) error {
	objects, err := filecatalogue.Objects(ctx, w.Steward, backup.ID)
	if err != nil {
		return fmt.Errorf("removing a manifest: %w", err)
	}

	for _, object := range objects {
		if err := w.Bucket.Remove(ctx, object.Name); err != nil {
			return fmt.Errorf("removing a manifest: %w", err)
		}
	}

	return w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := filecatalogue.RecordPruned(ctx, tx, backup.ID, w.at, reason); err != nil {
			return fmt.Errorf("removing a manifest: %w", err)
		}

		_, err := ledger.Append(ctx, tx, ledger.FilesPruned, w.at, ledger.FilesBody{
			Backup: backup.ID, Files: backup.Files, Day: backup.Day, Generation: backup.ManifestGen,
			ManifestSHA256: backup.ManifestSHA256, Count: backup.Count,
		})

		return err
	})
}

// contents goes through the contents of one set that may be due, page by page.
func (w *work) contents(ctx context.Context, files string, excepted time.Time) error {
	var failures []error

	page := filecatalogue.Page{Files: files, Until: w.at.Add(-w.Rule.Keep.Shortest()), Limit: batchSize}

	for {
		found, err := filecatalogue.Held(ctx, w.Steward, page)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}

		if len(found) == 0 {
			return errors.Join(failures...)
		}

		page.After = found[len(found)-1].ID

		if err := w.batch(ctx, files, w.due(found, excepted)); err != nil {
			failures = append(failures, err)
		}

		w.report("contents", w.result.Contents)
	}
}

// due gives those that go now.
func (w *work) due(found []filecatalogue.Content, excepted time.Time) []filecatalogue.Content {
	contents := make([]fileprune.Content, len(found))
	for i, content := range found {
		contents[i] = fileprune.Content{ID: content.ID, FirstAt: content.FirstAt, NewestAt: content.NewestAt}
	}

	var due []filecatalogue.Content

	for i, decision := range fileprune.Contents(contents, excepted, w.Rule, w.at) {
		if decision.Delete {
			due = append(due, found[i])
		}
	}

	return due
}

// batch decides for good, removes and records some contents. Those that could not
// be removed stay decided, and the next prune goes on with them.
func (w *work) batch(ctx context.Context, files string, due []filecatalogue.Content) error {
	if !w.Enforce || len(due) == 0 {
		w.result.Due += int64(len(due))

		return nil
	}

	doomed, err := filecatalogue.Doom(ctx, w.Steward, due, w.at, w.at.Add(-alive))
	if err != nil || len(doomed) == 0 {
		return err
	}

	gone, failures := w.remove(ctx, doomed)
	if len(gone) > 0 {
		err = w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return record(ctx, tx, files, gone, w.at) })
	}

	if err == nil {
		w.result.Contents += int64(len(gone))
	}

	return errors.Join(err, failures)
}

// remove removes contents, several at once, and gives those that are proven gone.
func (w *work) remove(ctx context.Context, doomed []filecatalogue.Content) (gone []filecatalogue.Content, err error) {
	var (
		mu       sync.Mutex
		failures []error
		group    errgroup.Group
	)

	group.SetLimit(atOnce)

	for _, content := range doomed {
		group.Go(func() error {
			err := w.Bucket.Remove(ctx, content.Object)

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				failures = append(failures, fmt.Errorf("removing a content: %w", err))
			} else {
				gone = append(gone, content)
			}

			return nil
		})
	}

	_ = group.Wait() //nolint:errcheck // it gives no error: each failure is kept

	return gone, errors.Join(failures...)
}

// record notes what is gone in catalogue and ledger at once.
func record(ctx context.Context, tx postgres.Tx, files string, gone []filecatalogue.Content, at time.Time) error {
	slices.SortFunc(gone, func(a, b filecatalogue.Content) int { return cmp.Compare(a.ID, b.ID) })

	ids, sum, bytes := make([]string, len(gone)), sha256.New(), int64(0)

	for i, content := range gone {
		ids[i] = content.ID
		bytes += content.Bytes
		_, _ = fmt.Fprintf(sum, "%s %d\n", content.ID, content.Generation) // a hash never fails
	}

	if err := filecatalogue.ContentsGone(ctx, tx, ids, at); err != nil {
		return fmt.Errorf("removing contents: %w", err)
	}

	_, err := ledger.Append(ctx, tx, ledger.FilesPruned, at, ledger.FilesBody{
		Files: files, Count: int64(len(gone)), SizeBytes: bytes, ContentsSHA256: hex.EncodeToString(sum.Sum(nil)),
	})

	return failure.Wrap(failure.Unavailable, "removing contents", err)
}

func held(rows []filecatalogue.Backup) []fileprune.Manifest {
	all := make([]fileprune.Manifest, len(rows))
	for i, row := range rows {
		all[i] = fileprune.Manifest{
			ID: row.ID, Files: row.Files, OpenedAt: row.OpenedAt, SnapshotAt: row.SnapshotAt, Drilled: row.State == catalogue.Drilled,
		}
	}

	return all
}

func (w *work) report(phase string, done int64) {
	if w.Progress != nil {
		w.Progress(phase, done)
	}
}
