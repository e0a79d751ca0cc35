package harness

import (
	"slices"
	"time"
)

// lastDrilled is the one cause for which the policy of these worlds lets a day of
// files stay beyond its time.
const lastDrilled = "last_drilled"

// checkFileTimes looks for what went before its time, and for what a prune that ended
// well has left behind. A day may outstay its time, with all that it names, only where
// the ledger says so and why.
func (w *World) checkFileTimes(held filesCatalogue, entries []leaf, found *findings) {
	keep, zone := w.Rules.Promises.Backups.Keep, w.Rules.Company.Zone
	judge := func(what string, from time.Time, gone *time.Time, excepted bool) {
		due := keep.AddTo(from, zone)
		switch {
		case gone != nil && gone.Before(due):
			found.addf(filesCheck, "%s went too early, at %s", what, gone.UTC().Format(time.RFC3339))
		case gone == nil && !excepted && goneBy(due, w.filesPruned):
			found.addf(filesCheck, "%s stays too late, it was due at %s", what, due.UTC().Format(time.RFC3339))
		}
	}
	var stays []filesRow // days that the ledger lets stay
	for _, row := range held.backups {
		if row.SnapshotAt == nil {
			continue
		}
		excepted := row.excepted(keep.AddTo(*row.SnapshotAt, zone), held.named(row), entries)
		if excepted {
			stays = append(stays, row)
		}
		judge(row.of(), *row.SnapshotAt, row.PrunedAt, excepted)
	}
	for _, content := range held.contents {
		judge("content "+content.ID, content.NewestAt, content.GoneAt, slices.ContainsFunc(stays, content.isOf))
	}
}

// isOf reports whether the list of a day names the content.
func (c contentRow) isOf(row filesRow) bool {
	return c.Set == row.Set && !row.SnapshotAt.Before(c.FirstAt) && !row.SnapshotAt.After(c.NewestAt)
}

// named is how many stored contents a day names.
func (c filesCatalogue) named(row filesRow) (count int64) {
	for _, content := range c.contents {
		if content.Generation != 0 && content.GoneAt == nil && content.isOf(row) {
			count++
		}
	}
	return count
}

// excepted reports whether the ledger has an entry that lets exactly this day, with
// what it names, stay beyond its time, for a cause of the policy, and none after it
// that ends the stay.
func (r filesRow) excepted(due time.Time, named int64, entries []leaf) bool {
	stays := false
	for _, entry := range entries {
		body := entry.Body
		if body.Backup != r.ID || body.Files != r.Set || body.Day != r.Day || body.DueAt == nil || !body.DueAt.Equal(due) {
			continue
		}
		switch entry.Kind {
		case "files.excepted":
			stays = body.Cause == lastDrilled && body.Contents == named
		case "files.exception.ended":
			stays = false
		}
	}
	return stays
}
