package prune

import (
	"strings"
	"time"
)

// decide gives the decision on one generation.
func (p *planner) decide(listed Listed) Decision {
	announced := p.announced[listed.Name]

	backup, known := p.backups[announced.Backup]
	if !known {
		return p.foreign(listed)
	}

	decision := Decision{Name: listed.Name, Generation: listed.Generation, Backup: backup.ID, SoftDeleted: listed.SoftDeleted}

	if backup.Pruned || !p.current(announced) {
		return p.stray(decision, announced, backup, listed)
	}

	verdict := p.verdicts[backup.ID]
	decision.Due, decision.Action, decision.Reason = verdict.Due, verdict.Action, verdict.Reason

	if verdict.Action == Delete {
		decision = p.hindered(decision, listed)
		decision.Late = verdict.Late
	}

	return held(decision, backup, listed)
}

// stray decides on what belongs to no backup that counts.
func (p *planner) stray(decision Decision, announced Announced, backup Backup, listed Listed) Decision {
	decision.Stray = true
	decision.Due = p.Rule.Keep.AddTo(backup.OpenedAt, p.Rule.Zone)

	switch {
	case announced.Gone:
		decision.Reason = "appeared after it was proven gone, as a cut upload can"
	case backup.Pruned:
		decision.Reason = "belongs to a backup that is recorded as gone"
	case backup.Drilled:
		decision.Reason = "was left by an attempt that another one replaced"
	case p.reached(decision.Due):
		decision.Reason = "was left by an attempt that another one replaced, and was due at " + stamp(decision.Due)
	default:
		decision.Action = Keep
		decision.Reason = "was left by an attempt that another one replaced; goes when the day's backup is drilled, at the latest at " +
			stamp(decision.Due)

		return decision
	}

	decision = p.hindered(decision, listed)
	decision.Late = p.late(decision.Due)

	return decision
}

// hindered deletes what the bucket lets go, and else says when it will.
func (p *planner) hindered(decision Decision, listed Listed) Decision {
	switch {
	case listed.SoftDeleted:
		decision.Action, decision.Until = Wait, listed.HardDelete
		decision.Reason += "; it is soft-deleted and cannot go before " + stamp(decision.Until)
	case p.AsOf.Before(listed.RetainUntil):
		decision.Action, decision.Until = Wait, listed.RetainUntil
		decision.Reason += "; the bucket's retention policy keeps it until " + stamp(decision.Until)
	default:
		decision.Action = Delete
	}

	return decision
}

// held says what happens to the hold of a generation of the attempt in charge. A
// hold that is not Steward's stays; the deletion it forbids is tried again.
func held(decision Decision, backup Backup, listed Listed) Decision {
	switch {
	case listed.SoftDeleted:
	case decision.Action == Except && !listed.Held:
		decision.Hold = SetHold
	case decision.Action != Except && listed.Held && backup.Exception.holds():
		decision.Hold = ReleaseHold
		if decision.Action == Keep {
			decision.Action = Release
		}
	case decision.Action == Delete && listed.Held:
		decision.Reason += "; somebody set a hold on it"
	}

	return decision
}

func (p *planner) foreign(listed Listed) Decision {
	decision := Decision{
		Name: listed.Name, Generation: listed.Generation, Action: Foreign, SoftDeleted: listed.SoftDeleted,
		Reason: "is not Steward's; never touched",
	}

	for _, backup := range p.Backups {
		if strings.HasPrefix(listed.Name, backup.Database+"/") {
			decision.Reason = "lies where backups lie, but nobody announced it; never touched"
		}
	}

	return decision
}

// missing decides on what should be in the bucket. Of a backup that goes anyway
// nothing is missing: an earlier try took it.
func (p *planner) missing(announced Announced) (Decision, bool) {
	backup := p.backups[announced.Backup]
	verdict := p.verdicts[announced.Backup]

	if !backup.Whole || backup.Pruned || !p.current(announced) || p.present(announced) ||
		verdict.Action == Delete && !backup.Exception.open() {
		return Decision{}, false
	}

	return Decision{
		Name: announced.Name, Generation: announced.Generation, Backup: backup.ID, Action: Missing, Due: verdict.Due,
		Reason: "the catalogue says that it is there, and the bucket has it not: somebody else deleted it",
	}, true
}

// absent reports whether a stray is in no listing though nobody recorded that it
// is gone.
func (p *planner) absent(announced Announced) bool {
	backup := p.backups[announced.Backup]
	stray := backup.Pruned || backup.Drilled && !p.current(announced)

	return stray && !announced.Gone && len(p.listed[announced.Name]) == 0
}

// late reports whether an object whose time was over then is there for too long.
func (p *planner) late(due time.Time) bool { return p.reached(due.Add(p.Rule.Tolerance)) }

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}

	return b
}
