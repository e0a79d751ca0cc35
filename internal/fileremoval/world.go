package fileremoval

import (
	"context"
	"time"

	"steward/internal/catalogue"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/postgres"
)

// read reads the catalogue and decides. It may be done again, once what was found
// is recorded.
func (w *work) read(ctx context.Context) error {
	return w.Steward.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		if w.days, err = filecatalogue.List(ctx, tx); err != nil {
			return err
		}

		if w.sets, err = filecatalogue.Sets(ctx, tx); err != nil {
			return err
		}

		exceptions, err := filecatalogue.Exceptions(ctx, tx)
		if err != nil {
			return err
		}

		unreadable, err := filecatalogue.Unreadable(ctx, tx)
		if err != nil {
			return err
		}

		w.decide(exceptions, unreadable)

		return nil
	})
}

func (w *work) decide(exceptions map[string]filecatalogue.Exception, unreadable map[string]bool) {
	var held []fileprune.Manifest

	w.kept = nil

	for _, row := range w.days {
		if row.State == catalogue.Pruned {
			continue
		}

		exception := exceptions[row.ID]
		if exception.Cause == catalogue.Honoured {
			exception = filecatalogue.Exception{} // it never was one
		}

		w.kept = append(w.kept, row)
		held = append(held, fileprune.Manifest{
			ID: row.ID, Files: row.Files, OpenedAt: row.OpenedAt, SnapshotAt: row.SnapshotAt, Drilled: row.State == catalogue.Drilled,
			Unreadable: unreadable[row.ID],
			Exception:  fileprune.Exception{Since: exception.Since, EndedAt: exception.EndedAt},
		})
	}

	w.decisions = fileprune.Manifests(held, w.Rule, w.at)
	w.beyond = map[string]fileprune.Beyond{}
	w.snapshots = snapshots(w.days)

	for files, at := range fileprune.Excepted(held, w.Rule, w.at) {
		w.beyond[files] = fileprune.Beyond{At: at}
	}

	for _, exception := range exceptions {
		if exception.Cause != catalogue.Honoured && !exception.EndedAt.IsZero() {
			w.ended(exception.Files, exception.SnapshotAt, exception.EndedAt)
		}
	}

	for i, decision := range w.decisions {
		if decision.Ends != "" {
			w.ended(held[i].Files, held[i].SnapshotAt, w.at)
		}
	}
}

// snapshots are those of all days of each set, pruned ones too: what they named was
// kept with them.
func snapshots(days []filecatalogue.Backup) map[string][]time.Time {
	of := map[string][]time.Time{}

	for _, day := range days {
		if !day.SnapshotAt.IsZero() {
			of[day.Files] = append(of[day.Files], day.SnapshotAt)
		}
	}

	return of
}

func (w *work) ended(files string, snapshot, at time.Time) {
	beyond := w.beyond[files]
	beyond.Ended = append(beyond.Ended, fileprune.Ended{At: snapshot, EndedAt: at})
	w.beyond[files] = beyond
}

// dayOf is the day of a set whose attempts were at work at an instant: that which
// was opened last before it. An attempt that died has no manifest, and what it
// stored is of its day all the same.
func (w *work) dayOf(files string, at time.Time) filecatalogue.Backup {
	var found filecatalogue.Backup

	for _, day := range w.days {
		if day.Files == files && !day.OpenedAt.After(at) && (found.ID == "" || day.OpenedAt.After(found.OpenedAt)) {
			found = day
		}
	}

	return found
}
