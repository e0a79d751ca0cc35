package fileremoval

import (
	"context"
	"fmt"

	"steward/internal/catalogue"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// exceptions records the begin and the end of each day's stay beyond its time, and,
// before the first of its objects is deleted, that the policy lets the newest proven
// day go. No hold is set: the bucket has no lifecycle rule, so that nothing but this
// package deletes there. A crash after one commit leaves the others to the next prune.
func (w *work) exceptions(ctx context.Context) error {
	for i, decision := range w.decisions {
		if err := w.exception(ctx, w.kept[i], decision); err != nil {
			return fmt.Errorf("recording an exception: %w", err)
		}
	}

	return nil
}

func (w *work) exception(ctx context.Context, backup filecatalogue.Backup, decision fileprune.Decision) error {
	record, kind, cause := step(decision)
	if record == nil {
		return nil
	}

	return w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		fresh, err := record(ctx, tx, catalogue.Exception{
			Backup: backup.ID, Cause: string(cause), Since: w.at, DueAt: decision.Due, EndedAt: w.at, EndedCause: string(cause),
		})
		if err != nil || !fresh {
			return err
		}

		count, bytes, err := filecatalogue.CountNamed(ctx, tx, backup.Files, backup.SnapshotAt)
		if err != nil {
			return err
		}

		_, err = ledger.Append(ctx, tx, kind, w.at, ledger.FilesExceptionBody{
			Backup: backup.ID, Files: backup.Files, Day: backup.Day, DueAt: decision.Due.UTC(), Cause: string(cause),
			Contents: count, SizeBytes: bytes,
		})

		return err
	})
}

// step is how an exception goes on, nil if nothing changes. What it records says
// whether it was new: only then the ledger is told.
func step(decision fileprune.Decision) (
	func(context.Context, postgres.Queryer, catalogue.Exception) (bool, error), ledger.Kind, prune.Cause,
) {
	switch {
	case decision.Exception:
		return filecatalogue.RecordException, ledger.FilesExcepted, prune.LastDrilled
	case decision.Ends != "":
		return filecatalogue.EndException, ledger.FilesExceptionEnded, decision.Ends
	case decision.Delete && decision.Last:
		return filecatalogue.RecordHonoured, ledger.FilesCeilingHonoured, prune.HonourCeiling
	default:
		return nil, "", ""
	}
}
