package fileremoval

import (
	"context"
	"errors"
	"fmt"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// manifests removes those that are past their time.
func (w *work) manifests(ctx context.Context) {
	gaveUp := w.inTurn()

	for i, decision := range w.decisions {
		w.report("manifests", int64(i))

		switch {
		case decision.Delete && w.Enforce && gaveUp(ctx):
			if decision.Late {
				w.manifestOverdue(ctx, w.kept[i], decision, string(failure.Unavailable))
			}
		case decision.Delete && w.Enforce:
			if err := w.manifest(ctx, w.kept[i], decision); err != nil {
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

// manifest removes list and manifest of one backup, of all its attempts. What stays
// past its time is recorded with the cause, what goes too late as well.
func (w *work) manifest(ctx context.Context, backup filecatalogue.Backup, decision fileprune.Decision) error {
	objects, err := filecatalogue.Objects(ctx, w.Steward, backup.ID)
	if err != nil {
		return fmt.Errorf("removing a manifest: %w", err)
	}

	for _, object := range objects {
		if err := w.asked(w.Bucket.Remove(ctx, object.Name)); err != nil {
			err = fmt.Errorf("removing a manifest: %w", err)
			if decision.Late {
				err = errors.Join(err, w.overdue(ctx, lateObjects(backup, objects, decision), w.cause(ctx, object.Name, err)))
			}

			return err
		}
	}

	return w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := filecatalogue.RecordPruned(ctx, tx, backup.ID, w.at, decision.Reason); err != nil {
			return fmt.Errorf("removing a manifest: %w", err)
		}

		if decision.Late {
			if err := w.noteOverdue(ctx, tx, lateObjects(backup, objects, decision), causeLateRemoval); err != nil {
				return err
			}
		}

		due := decision.Due.UTC()

		_, err := ledger.Append(ctx, tx, ledger.FilesPruned, w.at, ledger.FilesBody{
			Backup: backup.ID, Files: backup.Files, Day: backup.Day, Generation: backup.ManifestGen,
			ManifestSHA256: backup.ManifestSHA256, Count: backup.Count, DueAt: &due,
		})

		return err
	})
}

// manifestOverdue records a backup whose list and manifest are there too long, and
// that nobody tries to remove now.
func (w *work) manifestOverdue(ctx context.Context, backup filecatalogue.Backup, decision fileprune.Decision, cause string) {
	objects, err := filecatalogue.Objects(ctx, w.Steward, backup.ID)
	if err == nil {
		err = w.overdue(ctx, lateObjects(backup, objects, decision), cause)
	}

	w.failed(err)
}

// lateObjects are the lists and manifests of one backup as what outstays its time.
func lateObjects(backup filecatalogue.Backup, objects []catalogue.Object, decision fileprune.Decision) []late {
	all := make([]late, len(objects))
	for i, object := range objects {
		all[i] = late{
			Finding: filecatalogue.Finding{Name: object.Name, Generation: object.Generation, Files: backup.Files}, backup: backup, due: decision.Due,
		}
	}

	return all
}
