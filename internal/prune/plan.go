package prune

import (
	"cmp"
	"slices"
	"time"
)

// Action is what happens to one generation, or to one backup.
type Action string

// The actions. A backup only has Delete, Keep and Except.
const (
	// Delete: its time is over, it goes now.
	Delete Action = "delete"
	// Keep: it stays.
	Keep Action = "keep"
	// Except: it stays beyond its time, recorded, under a temporary hold.
	Except Action = "except"
	// Release: it stays, and Steward's hold on it goes.
	Release Action = "release"
	// Wait: it should go, and the bucket does not let it before Until.
	Wait Action = "wait"
	// Foreign: nobody announced it; it is never touched.
	Foreign Action = "foreign"
	// Missing: the catalogue says that it is there, and the bucket has it not.
	Missing Action = "missing"
)

// Hold is what happens to the temporary hold of a generation.
type Hold string

// The changes of a hold; the zero value leaves it as it is.
const (
	// SetHold puts one on, against the bucket's lifecycle rule.
	SetHold Hold = "set"
	// ReleaseHold takes Steward's own off.
	ReleaseHold Hold = "release"
)

// Decision is what happens to one generation, with the reason as people read it.
type Decision struct {
	// Name is that of the object.
	Name string
	// Generation is the one meant; 0 for a missing one that was never recorded.
	Generation int64
	// Backup is the one it belongs to; empty for a foreign object.
	Backup string
	Action Action
	// Hold is done before the action.
	Hold Hold
	// Stray says that it belongs to no backup that counts: to an attempt that was
	// fenced, or to a backup that is recorded as gone.
	Stray bool
	// SoftDeleted says that nobody can delete it, only wait for its end.
	SoftDeleted bool
	// Due is when the promise wants it gone; zero for a foreign object.
	Due time.Time
	// Until is when a waiting one can go.
	Until time.Time
	// Late says that it is there past its time and the tolerance.
	Late   bool
	Reason string
}

// Verdict is what happens to one backup of the catalogue that is not pruned.
type Verdict struct {
	Backup   string
	Database string
	// Action is Delete, Keep or Except.
	Action Action
	// Due is when its time is over.
	Due time.Time
	// Last says that it is the newest proven one of its database that exists.
	Last bool
	// Late says that it goes only after its time and the tolerance.
	Late bool
	// Ends is why a recorded exception ends now; empty where none ends.
	Ends Cause
	// Honours is why the newest proven backup goes at its time after all; empty
	// for any other and where an exception ends.
	Honours Cause
	Reason  string
}

// Cause is the code of why something is kept or ends, as the ledger holds it.
type Cause string

// The causes.
const (
	// LastDrilled: there is no younger proven backup.
	LastDrilled Cause = "last_drilled"
	// YoungerDrilled: there is one now.
	YoungerDrilled Cause = "younger_drilled"
	// HonourCeiling: the policy says that nothing stays beyond its time.
	HonourCeiling Cause = "honour_ceiling"
	// LeftPolicy: the policy names the database no longer.
	LeftPolicy Cause = "left_policy"
	// LocationLeft: the policy names the location of these copies no longer.
	LocationLeft Cause = "location_left_policy"
	// ObjectsMissing: what was to be kept is not whole any more.
	ObjectsMissing Cause = "objects_missing"
)

// Plan is what is to be done.
type Plan struct {
	// Backups has one verdict for each backup that is not pruned, by id.
	Backups []Verdict
	// Objects has one decision for each generation that is listed and for each
	// object that is missing, by name and generation.
	Objects []Decision
	// Absent are strays that no listing shows and that are not recorded as gone,
	// by name.
	Absent []Announced
	// Rule is the one that it was made by.
	Rule Rule
}

// Make decides on everything. The order of the input means nothing.
func Make(in Input) Plan {
	p := newPlanner(in)
	plan := Plan{Rule: in.Rule}

	for _, backup := range in.Backups {
		if !backup.Pruned {
			plan.Backups = append(plan.Backups, p.verdicts[backup.ID])
		}
	}

	for _, listed := range in.Listed {
		plan.Objects = append(plan.Objects, p.decide(listed))
	}

	for _, announced := range in.Announced {
		if missing, is := p.missing(announced); is {
			plan.Objects = append(plan.Objects, missing)
		}

		if p.absent(announced) {
			plan.Absent = append(plan.Absent, announced)
		}
	}

	slices.SortFunc(plan.Backups, func(a, b Verdict) int { return cmp.Compare(a.Backup, b.Backup) })
	slices.SortFunc(plan.Objects, func(a, b Decision) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Generation, b.Generation), cmp.Compare(a.Action, b.Action))
	})
	slices.SortFunc(plan.Absent, func(a, b Announced) int { return cmp.Compare(a.Name, b.Name) })

	return plan
}

// Of gives the decisions on the objects of one backup.
func (p Plan) Of(backup string) []Decision {
	var found []Decision

	for _, decision := range p.Objects {
		if decision.Backup == backup {
			found = append(found, decision)
		}
	}

	return found
}

// Count is how many generations have this action.
func (p Plan) Count(action Action) int {
	count := 0

	for _, decision := range p.Objects {
		if decision.Action == action {
			count++
		}
	}

	return count
}
