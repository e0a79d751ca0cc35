package report

import (
	"slices"
	"time"

	"steward/internal/ledger"
)

// rpo measures the gaps between consecutive drilled snapshots whose later one is
// of the month, and the age of the newest at the end of what the report tells.
func (a *assembly) rpo(database string) RPO {
	measured := RPO{NowSeconds: -1}

	var before time.Time

	for _, backup := range a.proven(database) {
		gap := backup.SnapshotAt.Sub(before)
		if seconds := int64(gap / time.Second); !before.IsZero() && a.Month.Holds(backup.Day) && seconds > measured.LargestSeconds {
			measured.LargestSeconds, measured.From, measured.To = seconds, before.UTC(), backup.SnapshotAt.UTC()
		}

		before = backup.SnapshotAt
	}

	if !before.IsZero() {
		measured.NowSeconds = max(0, int64(a.end().Sub(before)/time.Second))
	}

	return measured
}

// proven are the backups of a database whose drill the ledger proves, or its copies
// in one place, the oldest snapshot first: those of the month, and the newest one
// before.
func (a *assembly) proven(database string) []Backup {
	var found []Backup

	for _, backup := range a.Backups {
		if backup.Database != database || backup.provenAt().IsZero() || a.Month.Last().Before(backup.Day) {
			continue
		}

		if _, whole := a.proofs(backup); whole {
			found = append(found, backup)
		}
	}

	slices.SortFunc(found, func(x, y Backup) int { return x.SnapshotAt.Compare(y.SnapshotAt) })

	for len(found) > 1 && !a.Month.Holds(found[1].Day) {
		found = found[1:]
	}

	a.citeAll(found)

	return found
}

// proofs are the two entries that prove a snapshot, and whether both are there.
func (a *assembly) proofs(backup Backup) (both [2]entry, whole bool) {
	second, drilled := a.find(backup.original(), ledger.BackupDrilled, backup.DrilledAt)
	first, there := a.find(backup, ledger.BackupStored, backup.TakenAt)

	if backup.Copy != nil {
		first, there = a.find(backup, ledger.BackupCopied, backup.Copy.CopiedAt)
	}

	return [2]entry{first, second}, there && drilled
}

// citeAll cites what proves the snapshots that a measure stands on.
func (a *assembly) citeAll(backups []Backup) {
	for _, backup := range backups {
		both, _ := a.proofs(backup)
		a.cite(both[0])
		a.cite(both[1])
	}
}

// rto measures the drills of the month's days.
func rto(days []Day) RTO {
	var took []int64

	for _, day := range days {
		if day.State == Proven && day.CopiedEntry == "" { // a copy is not drilled by itself
			took = append(took, day.DrillMS)
		}
	}

	if len(took) == 0 {
		return RTO{}
	}

	slices.Sort(took)

	return RTO{Drills: len(took), P50MS: took[(len(took)-1)/2], MaxMS: took[len(took)-1]}
}
