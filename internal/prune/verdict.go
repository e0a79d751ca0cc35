package prune

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// planner holds the input by name, and what was decided on each backup.
type planner struct {
	Input

	backups   map[string]Backup
	announced map[string]Announced
	listed    map[string][]Listed
	verdicts  map[string]Verdict
}

func newPlanner(in Input) *planner {
	p := &planner{
		Input: in, backups: map[string]Backup{}, announced: map[string]Announced{}, listed: map[string][]Listed{},
		verdicts: map[string]Verdict{},
	}

	for _, listed := range in.Listed {
		p.listed[listed.Name] = append(p.listed[listed.Name], listed)
	}

	intact := map[string]bool{}

	for _, backup := range in.Backups {
		p.backups[backup.ID] = backup
	}

	for _, announced := range in.Announced {
		p.announced[announced.Name] = announced
		if p.current(announced) {
			before, seen := intact[announced.Backup]
			intact[announced.Backup] = p.present(announced) && (before || !seen)
		}
	}

	last := p.last(intact)
	for _, backup := range in.Backups {
		p.verdicts[backup.ID] = p.judge(backup, last[backup.Database] == backup.ID, intact[backup.ID])
	}

	return p
}

// current reports whether an object belongs to the attempt in charge of its backup.
func (p *planner) current(announced Announced) bool {
	return p.backups[announced.Backup].Attempt == announced.Attempt
}

// present reports whether the bucket can still give the object.
func (p *planner) present(announced Announced) bool {
	for _, listed := range p.listed[announced.Name] {
		if !listed.SoftDeleted && (announced.Generation == 0 || announced.Generation == listed.Generation) {
			return true
		}
	}

	return false
}

// last gives the newest proven backup of each database whose objects are all
// there; of two with one snapshot time, the greater id.
func (p *planner) last(intact map[string]bool) map[string]string {
	proven, last := map[string][]Backup{}, map[string]string{}

	for _, backup := range p.Backups {
		if backup.Drilled && !backup.Pruned && intact[backup.ID] {
			proven[backup.Database] = append(proven[backup.Database], backup)
		}
	}

	for database, all := range proven {
		last[database] = slices.MaxFunc(all, func(a, b Backup) int {
			return cmp.Or(a.SnapshotAt.Compare(b.SnapshotAt), cmp.Compare(a.ID, b.ID))
		}).ID
	}

	return last
}

// judge decides on one backup.
func (p *planner) judge(backup Backup, last, intact bool) Verdict {
	verdict := Verdict{
		Backup: backup.ID, Database: backup.Database, Last: last,
		Action: Keep, Due: p.Rule.Keep.AddTo(backup.start(), p.Rule.Zone),
	}
	due, left := p.reached(verdict.Due), p.left(backup)

	switch {
	case last && left == "" && (due || backup.Exception.open()):
		verdict.Action = Except
	case due:
		verdict.Action = Delete
		verdict.Late = !backup.Exception.open() && p.late(latest(verdict.Due, backup.Exception.EndedAt))
	}

	switch {
	case verdict.Action == Except:
	case backup.Exception.open():
		verdict.Ends = cause(left, intact)
	case verdict.Action == Delete && last:
		verdict.Honours = cause(left, intact)
	}

	verdict.Reason = p.reason(backup, verdict, due, left)

	return verdict
}

// left is why no backup like this one gets an exception, whatever else there is;
// empty where the newest proven one does.
func (p *planner) left(backup Backup) Cause {
	switch {
	case !p.Rule.KeepLastDrilled:
		return HonourCeiling
	case p.Rule.Left:
		return LocationLeft
	case !slices.Contains(p.Rule.Databases, backup.Database):
		return LeftPolicy
	default:
		return ""
	}
}

// cause is why an exception cannot go on, or cannot begin.
func cause(left Cause, intact bool) Cause {
	switch {
	case left != "":
		return left
	case !intact:
		return ObjectsMissing
	default:
		return YoungerDrilled
	}
}

func (p *planner) reason(backup Backup, verdict Verdict, due bool, left Cause) string {
	words, at := p.Rule.Keep.Words(), stamp(verdict.Due)

	switch {
	case verdict.Action == Except && due:
		return fmt.Sprintf(
			"was due at %s, but it is the newest proven backup of %s: kept as an exception until there is a younger one",
			at, backup.Database)
	case verdict.Action == Except:
		return fmt.Sprintf("stays an exception as the newest proven backup of %s, though its time ends only at %s", backup.Database, at)
	case !backup.Whole && due:
		return "nothing whole was ever stored; what was left was due at " + at
	case !backup.Whole:
		return "nothing whole is stored yet; what was left goes at " + at
	case due && verdict.Last:
		return fmt.Sprintf("its %s were over at %s; %s though it is the newest proven one", words, at, goes(left, backup))
	case due:
		return fmt.Sprintf("its %s were over at %s", words, at)
	default:
		return fmt.Sprintf("stored for %s from its snapshot, until %s", words, at)
	}
}

// goes says why the newest proven backup goes at its time.
func goes(left Cause, backup Backup) string {
	switch left {
	case LocationLeft:
		return "the policy names its location no longer, so it goes"
	case LeftPolicy:
		return "the policy names " + backup.Database + " no longer, so it goes"
	default:
		return "the policy honours the ceiling"
	}
}

// reached reports whether an instant has come.
func (p *planner) reached(at time.Time) bool { return !p.AsOf.Before(at) }

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02 15:04 UTC") }
