package report

import (
	"cmp"
	"slices"
	"time"

	"steward/internal/calendar"
	"steward/internal/ledger"
)

// day makes one business day, and says whether there is anything to tell of it:
// a day that has not begun is not told.
func (a *assembly) day(database Database, day calendar.Day, row Backup, opened bool) (Day, bool) {
	dueAt, count := a.dueOf(database, day)

	begun := !dueAt.After(a.AsOf)
	if count == 0 {
		begun = !calendar.EndOf(day, a.Zone).After(a.AsOf)
	}

	if !begun && !opened {
		return Day{}, false
	}

	one := Day{Day: day.String(), DueAt: dueAt.UTC(), Findings: []Finding{}}
	if opened {
		a.life(&one, row)
	}

	one.State = a.state(database, one, count)
	if !database.InPolicy || database.WatchedSince.IsZero() || dueAt.Before(database.WatchedSince) {
		// What nobody had promised yet, or promises no more, was not due.
		one.DueAt = time.Time{}
	}

	a.judge(&one, opened)

	if count > 1 && !one.DueAt.IsZero() {
		one.Findings = append(one.Findings, finding(FindTwiceDue))
	}

	slices.SortStableFunc(one.Findings, func(x, y Finding) int { return x.Code.rank() - y.Code.rank() })

	return one, true
}

// dueOf is when the day's backup was to begin, and how often one was: of two
// times the first since the database is watched.
func (a *assembly) dueOf(database Database, day calendar.Day) (time.Time, int) {
	dues := a.dues(day)
	if len(dues) == 0 {
		return time.Time{}, 0
	}

	for _, at := range dues {
		if !database.WatchedSince.IsZero() && !at.Before(database.WatchedSince) {
			return at, len(dues)
		}
	}

	return dues[0], len(dues)
}

// life fills in what happened to the backup of the day, with the entries that
// prove it.
func (a *assembly) life(one *Day, row Backup) {
	one.Backup = row.ID

	if !row.SnapshotAt.IsZero() {
		one.PruneDueAt = a.Rule.Keep.AddTo(row.SnapshotAt, a.Zone).UTC()
	}

	if !row.TakenAt.IsZero() {
		one.SnapshotAt, one.TakenAt, one.Bytes, one.Rows = row.SnapshotAt.UTC(), row.TakenAt.UTC(), row.Bytes, row.Rows
		one.Files = row.Files
		one.ManifestSHA256 = row.ManifestSHA256
		one.TakenEntry = a.proof(one, row, ledger.BackupStored, row.TakenAt)
	}

	if !row.DrilledAt.IsZero() {
		one.DrilledAt, one.DrillMS = row.DrilledAt.UTC(), row.DrillMS
		one.DrilledEntry = a.proof(one, row, ledger.BackupDrilled, row.DrilledAt)
	}

	if !row.PrunedAt.IsZero() {
		one.PrunedAt = row.PrunedAt.UTC()
		one.PrunedEntry = a.proof(one, row, ledger.BackupPruned, row.PrunedAt)
		a.dueThen(one, row)
	}

	a.keeping(one, row, a.others(one, row))
}

// dueThen takes from the entry of the end when that was due: the policy of then
// counts, not that of the report. An entry from before they said so is judged by the
// keep of the report, with a remark.
func (a *assembly) dueThen(one *Day, row Backup) {
	found, ok := a.find(row, ledger.BackupPruned, row.PrunedAt)

	switch {
	case !ok: // it is told to be unproven
	case found.about.DueAt.IsZero():
		one.Findings = append(one.Findings, finding(FindKeepAssumed))
	default:
		one.PruneDueAt = found.about.DueAt.UTC()
	}
}

// proof is the id of the entry that says the same as the row. Without one the day
// is told to be unproven.
func (a *assembly) proof(one *Day, row Backup, kind ledger.Kind, at time.Time) ledger.ID {
	if found, ok := a.find(row, kind, at); ok {
		return a.cite(found)
	}

	missing := finding(FindUnproven)
	missing.Kind, missing.At = kindOf(row, kind), at.UTC()
	one.Findings = append(one.Findings, missing)

	return ""
}

// find looks for the entry that says the same as the row: this kind, this backup
// of this day and database, this manifest, this instant.
func (a *assembly) find(row Backup, kind ledger.Kind, at time.Time) (entry, bool) {
	of := a.of[row.ID]
	found := slices.IndexFunc(of, func(each entry) bool {
		return each.plain() == kind && each.about.Item() == row.Database && each.about.Day == row.Day.String() &&
			each.about.ManifestSHA256 == row.ManifestSHA256 && each.At.Equal(at.Truncate(time.Microsecond)) &&
			(kind != ledger.BackupStored || row.SnapshotAt.Truncate(time.Microsecond).Equal(each.about.SnapshotAt.Truncate(time.Microsecond)))
	})

	if found < 0 {
		return entry{}, false
	}

	return of[found], true
}

// others tells the entries that are not the proof of the row itself: refused and
// repeated attempts, exceptions, and whatever a later version writes. It reports
// since when an exception is recorded.
func (a *assembly) others(one *Day, row Backup) (excepted time.Time) {
	stored := 0

	for _, each := range append(slices.Clone(a.of[row.ID]), a.lost(one, row)...) {
		kind := each.plain()
		if kind == ledger.BackupStored {
			stored++
		}

		code := FindRecorded

		switch {
		case kind == ledger.BackupStored && stored > 1:
			code = FindRetaken
		case kind == ledger.BackupRefused:
			code = FindRefused
		case kind == ledger.BackupMissing:
			code = FindLost
		case kind == ledger.BackupOverdue:
			code = FindOverdue
		case isException(kind):
			code = FindException
			if excepted.IsZero() {
				excepted = each.At
			}
		case kind == ledger.BackupStored, kind == ledger.BackupDrilled, kind == ledger.BackupPruned,
			kind == ledger.BackupCopied: // copies have a promise of their own
			continue
		}

		told := finding(code)
		told.At, told.Entry, told.Kind, told.Cause = each.At.UTC(), a.cite(each), each.Kind, each.about.Code
		one.Findings = append(one.Findings, told)
	}

	return excepted
}

// lost are the entries about objects of files that this day needed when they were
// found missing: they are named by the days from the first to the last in the entry.
func (a *assembly) lost(one *Day, row Backup) []entry {
	var found []entry

	for _, each := range a.missing[row.Database] {
		first := cmp.Or(each.about.FirstDay, each.about.Day)
		if first <= one.Day && one.Day <= each.about.Day && each.At.Before(one.PruneDueAt) {
			found = append(found, each)
		}
	}

	return found
}

// isException reports whether a kind records that a backup is kept beyond its
// time. Only an entry that says so excuses, never what could be inferred.
func isException(kind ledger.Kind) bool {
	return kind == ledger.BackupExcepted
}

// keeping compares how long the backup existed with the floor and the ceiling.
func (a *assembly) keeping(one *Day, row Backup, excepted time.Time) {
	if row.SnapshotAt.IsZero() {
		return
	}

	due := one.PruneDueAt
	if !row.PrunedAt.IsZero() && !row.DrilledAt.IsZero() && row.PrunedAt.Before(due) {
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

// younger is when the first younger backup of the database was drilled; stopped
// says that there is none.
func (a *assembly) younger(row Backup) (at time.Time, stopped bool) {
	for _, other := range a.Backups {
		if other.Database == row.Database && other.SnapshotAt.After(row.SnapshotAt) && !other.DrilledAt.IsZero() {
			at = earlier(zeroAs(at, other.DrilledAt), other.DrilledAt)
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

// state decides where the day stands. Only a drill that the ledger proves counts.
func (a *assembly) state(database Database, one Day, dues int) State {
	end := one.DueAt.Add(a.Rule.CatchUp.Shortest())

	switch {
	case one.DrilledEntry != "" && one.TakenEntry != "":
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
func (a *assembly) judge(one *Day, opened bool) {
	switch one.State {
	case Missed:
		one.Findings = append(one.Findings, finding(FindMissed))
	case Excused:
		one.Findings = append(one.Findings, finding(FindExcused))
	case Proven:
		limit := a.Rule.DoneWithin.Shortest()
		if !one.DueAt.IsZero() && a.onTime(one.DueAt, one.DrilledAt) > limit {
			late := finding(FindLate)
			late.At, late.Entry = one.DrilledAt, one.DrilledEntry
			one.Findings = append(one.Findings, late)
		}

		return
	default:
		return
	}

	if !opened {
		one.Findings = append(one.Findings, finding(FindNoRun))
	}
}
