package harness

import (
	"slices"
	"time"
)

// checkFileTimes looks for what went before its time, and for what a prune that ended
// well has left behind. A day may outstay its time, with all that it names, only where
// the ledger says so and why.
func (w *World) checkFileTimes(held filesCatalogue, entries []leaf, found *findings) {
	keep, zone := w.Rules.Promises.Backups.Keep, w.Rules.Company.Zone
	var stays []filesRow // days that the ledger lets stay
	for _, row := range held.backups {
		if row.SnapshotAt == nil { // nothing was ever read, and it is kept from its start
			row.SnapshotAt = &row.OpenedAt
		}
		due := keep.AddTo(*row.SnapshotAt, zone)
		excepted := row.excepted(due, held.named(row), entries)
		if excepted {
			stays = append(stays, row)
		}
		stay{row.of(), due, row.PrunedAt, excepted}.judge(filesCheck, w.filesPruned, found)
	}
	for _, content := range held.contents {
		stay{"content " + content.ID, keep.AddTo(content.NewestAt, zone), content.GoneAt, slices.ContainsFunc(stays, content.isOf)}.
			judge(filesCheck, w.filesPruned, found)
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
	return excepted(entries, "files.", due, func(said leaf) bool {
		return said.Body.Backup == r.ID && said.Body.Files == r.Set && said.Body.Day == r.Day
	}, func(said leaf) bool { return said.Body.Contents == named })
}
