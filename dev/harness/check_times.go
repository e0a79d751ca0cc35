package harness

// checkTimes looks for backups that went before their time, and for those that a prune
// which ended well has left behind, beyond the tolerance of the policy, without an entry
// that lets them stay.
func (w *World) checkTimes(held catalogue, entries []leaf, found *findings) {
	pruned := w.pruned
	if !pruned.IsZero() {
		pruned = pruned.Add(-w.Rules.Promises.Backups.Tolerance.Shortest())
	}
	for _, row := range held.backups {
		if row.SnapshotAt.IsZero() { // nothing was ever read, and it is kept from its start
			row.SnapshotAt = row.OpenedAt
		}
		due := w.dueAt(row)
		about := func(said leaf) bool { return said.Body.Backup == row.ID }
		stays := excepted(entries, "backup.", due, about, func(leaf) bool { return true })
		stay{row.Database + " " + row.Day, due, row.PrunedAt, stays}.judge("catalogue", pruned, found)
	}
}
