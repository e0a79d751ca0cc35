package prune_test

import (
	"slices"
	"strings"
	"time"

	"steward/internal/prune"
)

// oracle says by the words of the promise, and not by the code, what must become
// of one generation. It asks questions of the whole input each time.
type oracle struct{ prune.Input }

func (o oracle) announced(name string) (prune.Announced, prune.Backup, bool) {
	for _, a := range o.Announced {
		for _, b := range o.Backups {
			if a.Name == name && a.Backup == b.ID {
				return a, b, true
			}
		}
	}

	return prune.Announced{}, prune.Backup{}, false
}

// there reports whether the bucket can give what was recorded.
func (o oracle) there(a prune.Announced) bool {
	return slices.ContainsFunc(o.Listed, func(l prune.Listed) bool {
		return l.Name == a.Name && !l.SoftDeleted && (l.Generation == a.Generation || a.Generation == 0)
	})
}

// proven reports whether a backup exists, was drilled and has all its objects.
func (o oracle) proven(b prune.Backup) bool {
	objects := 0

	for _, a := range o.Announced {
		if a.Backup == b.ID && a.Attempt == b.Attempt {
			objects++

			if !o.there(a) {
				return false
			}
		}
	}

	return objects > 0 && b.Drilled && !b.Pruned
}

// younger reports whether another proven backup of its database is newer.
func (o oracle) younger(than prune.Backup) bool {
	return slices.ContainsFunc(o.Backups, func(b prune.Backup) bool {
		return b.Database == than.Database && o.proven(b) &&
			(b.SnapshotAt.After(than.SnapshotAt) || b.SnapshotAt.Equal(than.SnapshotAt) && b.ID > than.ID)
	})
}

func (o oracle) due(b prune.Backup) time.Time {
	if b.SnapshotAt.IsZero() {
		return b.OpenedAt.Add(o.keep())
	}

	return b.SnapshotAt.Add(o.keep())
}

// keep is how long the policy in force keeps a backup; all its days have 24 hours.
func (o oracle) keep() time.Duration { return o.Rule.Keep.Shortest() }

// names reports whether the policy still has the database of a backup, and the
// location of these copies.
func (o oracle) names(b prune.Backup) bool {
	return slices.Contains(o.Rule.Databases, b.Database) && !o.Rule.Left
}

// leaves is what left the policy where names is false.
func (o oracle) leaves() prune.Cause {
	if o.Rule.Left {
		return prune.LocationLeft
	}

	return prune.LeftPolicy
}

func (o oracle) passed(at time.Time) bool { return at.Compare(o.AsOf) <= 0 }

func open(e prune.Exception) bool { return !e.Since.IsZero() && e.EndedAt.IsZero() }

// ofBackup is what becomes of a backup that is not pruned.
func (o oracle) ofBackup(b prune.Backup) prune.Action {
	over := o.passed(o.due(b))
	last := o.proven(b) && !o.younger(b)

	if o.Rule.KeepLastDrilled && o.names(b) && last && (over || open(b.Exception)) {
		return prune.Except
	}

	if over {
		return prune.Delete
	}

	return prune.Keep
}

// expected is a decision without its texts.
type expected struct {
	Action prune.Action
	Hold   prune.Hold
	Late   bool
	Until  time.Time
}

func (o oracle) ofGeneration(l prune.Listed) expected {
	a, b, ours := o.announced(l.Name)
	if !ours {
		return expected{Action: prune.Foreign}
	}

	if b.Pruned || a.Attempt != b.Attempt {
		ceiling := b.OpenedAt.Add(o.keep())
		if a.Gone || b.Pruned || b.Drilled || o.passed(ceiling) {
			return o.gone(l, o.passed(ceiling.Add(tolerance)))
		}

		return expected{Action: prune.Keep}
	}

	want := expected{Action: o.ofBackup(b)}
	if want.Action == prune.Delete {
		late := o.passed(o.due(b).Add(tolerance)) && (b.Exception.EndedAt.IsZero() || o.passed(b.Exception.EndedAt.Add(tolerance)))
		want = o.gone(l, late && !open(b.Exception))
	}

	ownHold := l.Held && !b.Exception.Since.IsZero() && b.Exception.ReleasedAt.IsZero()
	if l.SoftDeleted {
		return want
	}

	if want.Action == prune.Except && !l.Held {
		want.Hold = prune.SetHold
	}

	if want.Action != prune.Except && ownHold {
		want.Hold = prune.ReleaseHold
		if want.Action == prune.Keep {
			want.Action = prune.Release
		}
	}

	return want
}

func (o oracle) gone(l prune.Listed, late bool) expected {
	if l.SoftDeleted {
		return expected{Action: prune.Wait, Late: late, Until: l.HardDelete}
	}

	if !o.passed(l.RetainUntil) {
		return expected{Action: prune.Wait, Late: late, Until: l.RetainUntil}
	}

	return expected{Action: prune.Delete, Late: late}
}

// missing are the names that must raise the alarm.
func (o oracle) missing() []string {
	var names []string

	for _, a := range o.Announced {
		for _, b := range o.Backups {
			if a.Backup == b.ID && a.Attempt == b.Attempt && b.Whole && !b.Pruned && !o.there(a) &&
				(o.ofBackup(b) != prune.Delete || open(b.Exception)) {
				names = append(names, a.Name)
			}
		}
	}

	slices.Sort(names)

	return names
}

// absent are the strays that are nowhere and not recorded as gone.
func (o oracle) absent() []string {
	var names []string

	for _, a := range o.Announced {
		_, b, _ := o.announced(a.Name)
		nowhere := !slices.ContainsFunc(o.Listed, func(l prune.Listed) bool { return l.Name == a.Name })

		if nowhere && !a.Gone && (b.Pruned || b.Drilled && a.Attempt != b.Attempt) {
			names = append(names, a.Name)
		}
	}

	slices.Sort(names)

	return names
}

// ends is why an exception ends, if it does.
func (o oracle) ends(b prune.Backup) prune.Cause {
	if !open(b.Exception) || o.ofBackup(b) == prune.Except {
		return ""
	}

	switch {
	case !o.Rule.KeepLastDrilled:
		return prune.HonourCeiling
	case !o.names(b):
		return o.leaves()
	case o.whole(b):
		return prune.YoungerDrilled
	default:
		return prune.ObjectsMissing
	}
}

// honours is why the newest proven backup goes, if it does and never was excepted.
func (o oracle) honours(b prune.Backup) prune.Cause {
	switch {
	case open(b.Exception) || o.ofBackup(b) != prune.Delete || !o.proven(b) || o.younger(b):
		return ""
	case !o.Rule.KeepLastDrilled:
		return prune.HonourCeiling
	default:
		return o.leaves()
	}
}

// whole reports whether all objects of the attempt in charge are there.
func (o oracle) whole(b prune.Backup) bool {
	b.Drilled, b.Pruned = true, false

	return o.proven(b)
}

// elsewhere reports whether a name lies under a database of the catalogue.
func (o oracle) elsewhere(name string) bool {
	return !slices.ContainsFunc(o.Backups, func(b prune.Backup) bool { return strings.Split(name, "/")[0] == b.Database })
}
