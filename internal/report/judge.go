package report

import "time"

// keeping compares how long the backup existed with the floor and the ceiling.
func (a *assembly) keeping(one *Day, row Backup, excepted time.Time) {
	if row.SnapshotAt.IsZero() {
		return
	}

	due := one.PruneDueAt
	_, unpromised := a.wentWithItsBucket(row)

	if !row.PrunedAt.IsZero() && !row.provenAt().IsZero() && row.PrunedAt.Before(due) && !unpromised {
		early := finding(FindBelowFloor)
		early.At, early.Entry = one.PrunedAt, one.PrunedEntry
		one.Findings = append(one.Findings, early)
	}

	if !excepted.IsZero() {
		// It covers until a younger backup is drilled; then this one must go.
		younger, stopped := a.younger(row)
		if stopped {
			return
		}

		due = later(due, younger)
	}

	limit, end := a.Rule.Tolerance.Shortest(), earlier(a.AsOf, zeroAs(row.PrunedAt, a.AsOf))
	existed := a.onTime(due, end)

	if existed > limit || existed == limit && row.PrunedAt.IsZero() {
		over := finding(FindAboveCeiling)
		over.At, over.Until, over.Entry = due.Add(limit).UTC(), one.PrunedAt, one.PrunedEntry
		one.Findings = append(one.Findings, over)
	}
}

// younger is when the first younger backup of the database was drilled, or copied;
// stopped says that there is none.
func (a *assembly) younger(row Backup) (at time.Time, stopped bool) {
	for _, other := range a.Backups {
		if other.Database == row.Database && other.SnapshotAt.After(row.SnapshotAt) && !other.provenAt().IsZero() {
			at = earlier(zeroAs(at, other.provenAt()), other.provenAt())
		}
	}

	return at, at.IsZero()
}

func zeroAs(at, other time.Time) time.Time {
	if at.IsZero() {
		return other
	}

	return at
}

// state decides where the day stands. Only a drill, and of a copy a comparison, that
// the ledger proves counts.
func (a *assembly) state(database Database, one Day, dues int) State {
	end := one.DueAt.Add(a.Rule.CatchUp.Shortest())

	switch {
	case one.DrilledEntry != "" && (one.TakenEntry != "" || one.CopiedEntry != ""):
		return Proven
	case !database.InPolicy:
		return NotPromised
	case dues == 0:
		return NoneDue
	case database.WatchedSince.IsZero() || one.DueAt.Before(database.WatchedSince):
		return NotInstalled
	case a.AsOf.Before(end):
		return Due
	case a.onTime(one.DueAt, end) < a.Rule.DoneWithin.Shortest():
		return Excused
	default:
		return Missed
	}
}

// judge adds what follows from the state.
func (a *assembly) judge(one *Day, row Backup, opened, copies bool) {
	switch {
	case one.State == Missed && copies:
		one.Findings = append(one.Findings, finding(FindNotCopied))
	case one.State == Missed:
		one.Findings = append(one.Findings, finding(FindMissed))
	case one.State == Excused:
		one.Findings = append(one.Findings, finding(FindExcused))
	case one.State == Proven:
		a.judgeProven(one, row)

		return
	default:
		return
	}

	if !opened && !copies { // a copy's row is only made once there is something to copy
		one.Findings = append(one.Findings, finding(FindNoRun))
	}
}

// judgeProven tells of what was drilled, or copied for the first time, too late.
func (a *assembly) judgeProven(one *Day, row Backup) {
	at, limit := one.DrilledAt, a.Rule.DoneWithin.Shortest()
	if row.Copy != nil {
		at = a.firstCopied(row).At.UTC()
	}

	if one.DueAt.IsZero() || a.onTime(one.DueAt, at) <= limit {
		return
	}

	late := finding(FindLate)
	late.At, late.Entry = at, one.DrilledEntry

	if row.Copy != nil {
		late.Entry = a.cite(a.firstCopied(row))
	}

	one.Findings = append(one.Findings, late)
}
