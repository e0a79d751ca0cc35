package fileremoval

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// The causes of an overdue object beside the codes of failures.
const (
	causeRetained     = "retained"
	causeSoftDeleted  = "soft_deleted"
	causeLateRemoval  = "late_removal"
	causeAppearedLate = "appeared_late"
	// causeClaimed: an attempt that is at work is about to name it again.
	causeClaimed = "claimed"
)

// late is one object that outstays its time, or that outstayed it.
type late struct {
	filecatalogue.Finding

	// backup is the newest day that it belongs to.
	backup filecatalogue.Backup
	due    time.Time
}

// overdue tells of objects that are there past their time, of each once.
func (w *work) overdue(ctx context.Context, all []late, cause string) error {
	w.result.Late += int64(len(all))

	return w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return w.noteOverdue(ctx, tx, all, cause) })
}

func (w *work) noteOverdue(ctx context.Context, tx postgres.Tx, all []late, cause string) error {
	type of struct {
		backup string
		due    time.Time
	}

	var order []of

	fresh := map[of][]late{}

	for _, one := range all {
		isNew, err := filecatalogue.RecordOverdue(ctx, tx, one.Finding, one.due, cause, w.at)
		if err != nil {
			return err
		}

		if !isNew {
			continue
		}

		key := of{one.backup.ID, one.due}
		if len(fresh[key]) == 0 {
			order = append(order, key)
		}

		fresh[key] = append(fresh[key], one)
	}

	for _, key := range order {
		first, due := fresh[key][0], key.due.UTC()

		err := tell(ctx, tx, ledger.FilesOverdue, w.at, ledger.FilesObjectsBody{
			Files: first.Files, Backup: first.backup.ID, Day: first.backup.Day, DueAt: &due, Cause: cause,
		}, fresh[key])
		if err != nil {
			return err
		}
	}

	return nil
}

// tell appends the entries that name all the objects.
func tell(ctx context.Context, tx postgres.Tx, kind ledger.Kind, at time.Time, body ledger.FilesObjectsBody, all []late) error {
	objects := make([]ledger.ObjectBody, len(all))
	for i, one := range all {
		objects[i] = ledger.ObjectBody{Name: one.Name, Generation: one.Generation}
	}

	slices.SortFunc(objects, func(a, b ledger.ObjectBody) int { return cmp.Compare(a.Name, b.Name) })

	for _, one := range body.Naming(objects) {
		if _, err := ledger.Append(ctx, tx, kind, at, one); err != nil {
			return fmt.Errorf("telling the ledger: %w", err)
		}
	}

	return nil
}

// allOverdue records everything that is past its time and the tolerance while the
// bucket does not answer, with that failure as its cause. Nothing else is done.
func (w *work) allOverdue(ctx context.Context, cause string) {
	if !w.Enforce {
		return
	}

	for i, decision := range w.decisions {
		if !decision.Delete || !decision.Late {
			continue
		}

		w.manifestOverdue(ctx, w.kept[i], decision, cause)
	}

	for _, files := range w.sets {
		w.failed(w.eachDue(ctx, files, func(found []due) { w.untried(ctx, files, found, cause) }))
	}
}

// cause is why an object could not be removed: what the bucket's listing says of
// it, or the code of the failure. It may be called by several goroutines at once.
func (w *work) cause(ctx context.Context, name string, err error) string {
	code := failure.CodeOf(err)

	for _, look := range []struct {
		code    failure.Code
		options gcs.ListOptions
		found   func(gcs.Object) bool
		cause   string
	}{
		{failure.StorageRefused, gcs.ListOptions{Versions: true}, func(o gcs.Object) bool { return o.RetainUntil.After(w.at) }, causeRetained},
		{failure.StillListed, gcs.ListOptions{SoftDeleted: true}, func(gcs.Object) bool { return true }, causeSoftDeleted},
	} {
		if code != look.code || w.gaveUp(ctx) {
			continue
		}

		for object, err := range w.Bucket.List(ctx, name, look.options) {
			if w.asked(err) != nil {
				return string(code) // nothing more is known of it
			}

			if object.Name == name && look.found(object) {
				return look.cause
			}
		}
	}

	return string(code)
}
