// Package fileprune decides which manifests and contents of files go and which
// stay, and why. It is pure: what is held, the rule and an instant in, one decision
// for each out. A content is kept while any kept manifest names it and goes with
// the last: not earlier, and not later.
package fileprune

import (
	"fmt"
	"time"

	"steward/internal/calendar"
	"steward/internal/prune"
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
	// Unreadable says that its list or manifest is missing from the bucket. A content
	// that is missing does not make it so: the others are still there.
	Unreadable bool
	// Exception is what is recorded of its stay beyond its time.
	Exception Exception
}

// Exception is the record of a stay beyond the ceiling; zero if there was none.
type Exception struct {
	// Since is when it was recorded, EndedAt when it ended.
	Since, EndedAt time.Time
}

func (e Exception) open() bool { return !e.Since.IsZero() && e.EndedAt.IsZero() }

// Content is one content that is not gone yet. A generation of an object lives
// once, without a gap, so that the manifests which name it are those from FirstAt
// to NewestAt.
type Content struct {
	ID string
	// FirstAt and NewestAt are the snapshots of the first and the newest manifest
	// that name it.
	FirstAt, NewestAt time.Time
}

func (c Content) namedAt(snapshot time.Time) bool {
	return !snapshot.IsZero() && !snapshot.Before(c.FirstAt) && !snapshot.After(c.NewestAt)
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
	// Tolerance is how long after its time something may still be there.
	Tolerance time.Duration
}

// Decision is what happens to one manifest or content, with the reason as people
// read it.
type Decision struct {
	ID string
	// Delete says that it goes now.
	Delete bool
	// Exception says that it stays beyond the ceiling.
	Exception bool
	// Last says that a manifest is the newest proven one of its set.
	Last bool
	// Late says that it goes only after its time and the tolerance, which no exception
	// covers.
	Late bool
	// Ends is why a recorded exception of a manifest ends now; empty where none ends.
	Ends prune.Cause
	// Due is when it goes.
	Due    time.Time
	Reason string
}

// Manifests gives one decision for each manifest, in the order of held.
func Manifests(held []Manifest, rule Rule, asOf time.Time) []Decision {
	last := rule.stay(lastDrilled(held))
	decisions := make([]Decision, len(held))

	for i, manifest := range held {
		newest, found := last[manifest.Files]
		decisions[i] = rule.manifest(manifest, asOf, found && newest.ID == manifest.ID)
	}

	return decisions
}

func (r Rule) manifest(manifest Manifest, asOf time.Time, last bool) Decision {
	from, open := manifest.SnapshotAt, manifest.Exception.open()
	if from.IsZero() {
		from = manifest.OpenedAt // what was left of it goes as if it had been a backup
	}

	decision := r.decide(manifest.ID, r.Keep.AddTo(from, r.Zone), asOf, last)
	decision.Last = last

	if open && last && r.KeepLastDrilled && !decision.Exception {
		decision.Exception = true
		decision.Reason = "stays an exception as the newest proven backup, though its time ends only at " + stamp(decision.Due)
	}

	if decision.Delete {
		decision.Late = !open && r.late(later(decision.Due, manifest.Exception.EndedAt), asOf)
	}

	if open && !decision.Exception {
		decision.Ends = r.cause(manifest)
	}

	return decision
}

// cause is why an exception cannot go on.
func (r Rule) cause(manifest Manifest) prune.Cause {
	switch {
	case !r.KeepLastDrilled:
		return prune.HonourCeiling
	case r.left(manifest.Files):
		return prune.LeftPolicy
	case manifest.Unreadable:
		return prune.ObjectsMissing
	default:
		return prune.YoungerDrilled
	}
}

// Beyond are the stays beyond the ceiling in one set.
type Beyond struct {
	// At is the snapshot of the manifest that stays beyond it; zero if none does.
	At time.Time
	// Ended are stays that are over. What they held was not late before their end.
	Ended []Ended
}

// Ended is one stay that is over.
type Ended struct {
	// At is the snapshot of its manifest, EndedAt when it ended.
	At, EndedAt time.Time
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
// manifests are the snapshots of all manifests of the set, those that went among
// them.
func Contents(held []Content, manifests []time.Time, beyond Beyond, rule Rule, asOf time.Time) []Decision {
	decisions := make([]Decision, len(held))

	for i, content := range held {
		decision := rule.decide(content.ID, rule.Due(content, manifests), asOf, content.namedAt(beyond.At))
		from := decision.Due

		for _, ended := range beyond.Ended {
			if content.namedAt(ended.At) {
				from = later(from, ended.EndedAt)
			}
		}

		decision.Late = decision.Delete && rule.late(from, asOf)
		decisions[i] = decision
	}

	return decisions
}

// decide decides for what is stored until the given instant; kept says that an
// exception would hold for it.
func (r Rule) decide(id string, due, asOf time.Time, kept bool) Decision {
	decision := Decision{ID: id, Due: due}

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

// late reports whether what was to go at an instant is there for too long.
func (r Rule) late(due, asOf time.Time) bool { return !asOf.Before(due.Add(r.Tolerance)) }

// lastDrilled gives the newest drilled manifest of each set that can be read; of
// two with one snapshot time, the greater id.
func lastDrilled(held []Manifest) map[string]Manifest {
	newest := map[string]Manifest{}

	for _, manifest := range held {
		if !manifest.Drilled || manifest.Unreadable || manifest.SnapshotAt.IsZero() {
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

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}

	return a
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
