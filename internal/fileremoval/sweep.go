package fileremoval

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// returned is an object that is in the bucket though it was proven gone.
type returned struct {
	filecatalogue.Known

	generation int64
}

// sweep removes an object that appeared after it was proven gone, as an upload that
// was cut off can. That it outstayed its time is recorded first; a crash after its
// deletion loses the receipt of the second end only. What is given up is told and stays.
func (w *work) sweep(ctx context.Context, one returned, gaveUp func(context.Context) bool) error {
	object := late{
		Finding: filecatalogue.Finding{Name: one.Name, Generation: one.generation, Files: one.Files},
		backup:  w.dayOf(one.Files, one.NewestAt),
		due:     w.Rule.Due(fileprune.Content{FirstAt: one.FirstAt, NewestAt: one.NewestAt}, w.snapshots[one.Files]),
	}

	if !w.at.Before(object.due.Add(w.Rule.Tolerance)) {
		if err := w.overdue(ctx, []late{object}, causeAppearedLate); err != nil {
			return err
		}
	}

	w.swept++
	w.report("sweeping", w.swept)

	if gaveUp(ctx) {
		return failure.New(failure.Unavailable, "removing what appeared late (the storage left too many others unanswered)")
	}

	if err := w.asked(w.Bucket.Remove(ctx, one.Name)); err != nil {
		return fmt.Errorf("removing what appeared late: %w", err)
	}

	err := w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		return tell(ctx, tx, ledger.FilesSwept, w.at, ledger.FilesObjectsBody{
			Files: one.Files, Backup: object.backup.ID, Day: object.backup.Day,
		}, []late{object})
	})
	if err == nil {
		w.result.Swept++
	}

	return err
}
