// Package prune decides which backups go and which stay, and why. It is pure:
// the catalogue, the rule and an instant in, one decision for each backup out.
package prune

import (
	"fmt"
	"time"

	"steward/internal/calendar"
)

// Held is one backup that is in the catalogue and not pruned.
type Held struct {
	ID       string
	Database string
	// OpenedAt is when its day was opened.
	OpenedAt time.Time
	// SnapshotAt is what it shows; zero while nothing whole is stored.
	SnapshotAt time.Time
	// Drilled says that it was restored and found equal.
	Drilled bool
}

// Rule is what the policy says.
type Rule struct {
	// Keep is how long a backup is stored, from its snapshot: a floor and a
	// ceiling.
	Keep calendar.Duration
	// Zone is where its months and years are counted.
	Zone *time.Location
	// KeepLastDrilled keeps the newest drilled backup of a database beyond the
	// ceiling when no younger one exists (when_backups_stop).
	KeepLastDrilled bool
}

// Decision is what happens to one backup, with the reason as people read it.
type Decision struct {
	ID string
	// Delete says that it goes now.
	Delete bool
	// Exception says that it stays beyond the ceiling.
	Exception bool
	// Due is when it goes.
	Due    time.Time
	Reason string
}

// Decide gives one decision for each backup, in the order of held.
func Decide(held []Held, rule Rule, asOf time.Time) []Decision {
	last := lastDrilled(held)
	decisions := make([]Decision, len(held))

	for i, backup := range held {
		decisions[i] = decide(backup, rule, asOf, last[backup.Database] == backup.ID)
	}

	return decisions
}

func decide(backup Held, rule Rule, asOf time.Time, isLast bool) Decision {
	if backup.SnapshotAt.IsZero() {
		return decideLeftover(backup, rule, asOf)
	}

	decision := Decision{ID: backup.ID, Due: rule.Keep.AddTo(backup.SnapshotAt, rule.Zone)}

	switch {
	case asOf.Before(decision.Due):
		decision.Reason = fmt.Sprintf("stored for %s from its snapshot, until %s", rule.Keep.Words(), stamp(decision.Due))
	case rule.KeepLastDrilled && isLast:
		decision.Exception = true
		decision.Reason = fmt.Sprintf(
			"was due at %s, but it is the newest proven backup of %s: kept as an exception until there is a younger one",
			stamp(decision.Due), backup.Database)
	default:
		decision.Delete = true
		decision.Reason = fmt.Sprintf("its %s were over at %s", rule.Keep.Words(), stamp(decision.Due))
	}

	return decision
}

// decideLeftover decides on a day for which nothing whole was ever stored: what
// its killed attempts left in the bucket goes as if it had been a backup.
func decideLeftover(backup Held, rule Rule, asOf time.Time) Decision {
	decision := Decision{ID: backup.ID, Due: rule.Keep.AddTo(backup.OpenedAt, rule.Zone)}
	decision.Delete = !asOf.Before(decision.Due)
	decision.Reason = "nothing whole is stored yet; what was left goes at " + stamp(decision.Due)

	if decision.Delete {
		decision.Reason = "nothing whole was ever stored; what was left was due at " + stamp(decision.Due)
	}

	return decision
}

// lastDrilled gives the newest drilled backup of each database; of two with one
// snapshot time, the greater id.
func lastDrilled(held []Held) map[string]string {
	newest := map[string]Held{}

	for _, backup := range held {
		if !backup.Drilled || backup.SnapshotAt.IsZero() {
			continue
		}

		best, found := newest[backup.Database]
		if !found || backup.SnapshotAt.After(best.SnapshotAt) ||
			backup.SnapshotAt.Equal(best.SnapshotAt) && backup.ID > best.ID {
			newest[backup.Database] = backup
		}
	}

	last := make(map[string]string, len(newest))
	for database, backup := range newest {
		last[database] = backup.ID
	}

	return last
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
