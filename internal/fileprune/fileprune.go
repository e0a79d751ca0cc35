// Package fileprune decides which manifests and contents of files go and which
// stay, and why. It is pure: what is held, the rule and an instant in, one decision
// for each out. A content is kept while any kept manifest names it and goes with
// the last: not earlier, and not later.
package fileprune

import (
	"fmt"
	"time"

	"steward/internal/calendar"
)

// Manifest is the backup of one set of files on one day, not pruned yet.
type Manifest struct {
	ID string
	// Files is the name of the set.
	Files string
	// OpenedAt is when its day was opened.
	OpenedAt time.Time
	// SnapshotAt is what it shows; zero while nothing was ever attempted.
	SnapshotAt time.Time
	// Drilled says that it was proven.
	Drilled bool
}

// Content is one content that is not gone yet. A generation of an object lives
// once, without a gap, so that the manifests which name it are those from FirstAt
// to NewestAt.
type Content struct {
	ID string
	// FirstAt and NewestAt are the snapshots of the first and the newest manifest
	// that name it.
	FirstAt, NewestAt time.Time
}

// Rule is what the policy says.
type Rule struct {
	// Left says of a set that the policy names it no longer; nil where none has left.
	Left func(files string) bool
	// Keep is how long a backup is stored, from its snapshot: a floor and a
	// ceiling.
	Keep calendar.Duration
	// Zone is where its months and years are counted.
	Zone *time.Location
	// KeepLastDrilled keeps the newest drilled backup of a set beyond the ceiling
	// when no younger one exists (when_backups_stop).
	KeepLastDrilled bool
}

// Decision is what happens to one manifest or content, with the reason as people
// read it.
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

// Manifests gives one decision for each manifest, in the order of held.
func Manifests(held []Manifest, rule Rule, asOf time.Time) []Decision {
	last := rule.stay(lastDrilled(held))
	decisions := make([]Decision, len(held))

	for i, manifest := range held {
		from := manifest.SnapshotAt
		if from.IsZero() {
			from = manifest.OpenedAt // what was left of it goes as if it had been a backup
		}

		newest, found := last[manifest.Files]
		decisions[i] = rule.decide(manifest.ID, from, asOf, found && newest.ID == manifest.ID)
	}

	return decisions
}

// Excepted gives the snapshot of the manifest that stays beyond the ceiling, by
// the name of its set.
func Excepted(held []Manifest, rule Rule, asOf time.Time) map[string]time.Time {
	excepted := map[string]time.Time{}

	for i, decision := range Manifests(held, rule, asOf) {
		if decision.Exception {
			excepted[held[i].Files] = held[i].SnapshotAt
		}
	}

	return excepted
}

// Contents gives one decision for each content of one set, in the order of held.
// excepted is the snapshot of the manifest that stays beyond the ceiling, zero if
// none does.
func Contents(held []Content, excepted time.Time, rule Rule, asOf time.Time) []Decision {
	decisions := make([]Decision, len(held))

	for i, content := range held {
		named := !excepted.IsZero() && !excepted.Before(content.FirstAt) && !excepted.After(content.NewestAt)
		decisions[i] = rule.decide(content.ID, content.NewestAt, asOf, named)
	}

	return decisions
}

// decide decides for what shows the given instant; kept says that an exception
// would hold for it.
func (r Rule) decide(id string, from, asOf time.Time, kept bool) Decision {
	decision := Decision{ID: id, Due: r.Keep.AddTo(from, r.Zone)}

	switch {
	case asOf.Before(decision.Due):
		decision.Reason = fmt.Sprintf("stored for %s from its snapshot, until %s", r.Keep.Words(), stamp(decision.Due))
	case r.KeepLastDrilled && kept:
		decision.Exception = true
		decision.Reason = fmt.Sprintf("was due at %s, but it is of the newest proven backup: kept as an exception until there is a younger one",
			stamp(decision.Due))
	default:
		decision.Delete = true
		decision.Reason = fmt.Sprintf("its %s were over at %s", r.Keep.Words(), stamp(decision.Due))
	}

	return decision
}

// lastDrilled gives the newest drilled manifest of each set; of two with one
// snapshot time, the greater id.
func lastDrilled(held []Manifest) map[string]Manifest {
	newest := map[string]Manifest{}

	for _, manifest := range held {
		if !manifest.Drilled || manifest.SnapshotAt.IsZero() {
			continue
		}

		best, found := newest[manifest.Files]
		if !found || manifest.SnapshotAt.After(best.SnapshotAt) ||
			manifest.SnapshotAt.Equal(best.SnapshotAt) && manifest.ID > best.ID {
			newest[manifest.Files] = manifest
		}
	}

	return newest
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
