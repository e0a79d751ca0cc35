package report

import (
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

	a.judge(&one, opened, database.CopyOf != "")

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

	if row.Copy != nil {
		a.copyOf(one, row)
	}

	if !row.TakenAt.IsZero() && row.Copy == nil {
		one.SnapshotAt, one.TakenAt, one.Bytes, one.Rows = row.SnapshotAt.UTC(), row.TakenAt.UTC(), row.Bytes, row.Rows
		one.Files = row.Files
		one.ManifestSHA256 = row.ManifestSHA256
		one.TakenEntry = a.proof(one, row, ledger.BackupStored, row.TakenAt)
	}

	if !row.DrilledAt.IsZero() && row.Copy == nil {
		one.DrilledAt, one.DrillMS = row.DrilledAt.UTC(), row.DrillMS
		one.DrilledEntry = a.proof(one, row, ledger.BackupDrilled, row.DrilledAt)
	}

	if !row.PrunedAt.IsZero() {
		one.PrunedAt = row.PrunedAt.UTC()
		one.PrunedEntry = a.proof(one, row, ledger.BackupPruned, row.PrunedAt)
		a.dueThen(one, row)
	}

	excepted := a.others(one, row)
	a.lostUntold(one, row)
	a.keeping(one, row, excepted)
}

// copyOf fills in what made a copy: the drill of its backup, which proved these very
// bytes, and the comparison that found them in the other place.
func (a *assembly) copyOf(one *Day, row Backup) {
	if row.Copy.CopiedAt.IsZero() {
		return
	}

	one.SnapshotAt, one.Bytes, one.ManifestSHA256 = row.SnapshotAt.UTC(), row.Bytes, row.ManifestSHA256
	one.DrilledAt, one.CopiedAt = row.DrilledAt.UTC(), row.Copy.CopiedAt.UTC()
	one.DrilledEntry = a.proof(one, row.original(), ledger.BackupDrilled, row.DrilledAt)
	one.CopiedEntry = a.proof(one, row, ledger.BackupCopied, row.Copy.CopiedAt)
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

// about gives the entries about a row. What is said of a copy in a place that none of
// its backup's rows knows is held against each of them.
func (a *assembly) about(row Backup) []entry {
	if row.Copy == nil {
		return a.of[row.ID]
	}

	var found []entry

	for _, each := range a.copied[row.ID] {
		if slices.Contains(row.Copy.Names, each.about.Location) || !slices.Contains(a.placed[row.ID], each.about.Location) {
			found = append(found, each)
		}
	}

	return found
}

// find looks for the entry that says the same as the row: this kind, this backup
// of this day and database, this manifest, of a copy in this generation, this instant.
func (a *assembly) find(row Backup, kind ledger.Kind, at time.Time) (entry, bool) {
	of := a.about(row)
	found := slices.IndexFunc(of, func(each entry) bool {
		return each.plain() == kind && each.about.Item() == row.item() && each.about.Day == row.Day.String() &&
			each.about.ManifestSHA256 == row.ManifestSHA256 && each.At.Equal(at.Truncate(time.Microsecond)) &&
			(row.Copy == nil || each.about.Generation == row.Copy.ManifestGen) &&
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
	stored, groups := 0, map[group]int{}

	for _, each := range append(slices.Clone(a.about(row)), a.lost(one, row)...) {
		kind := each.plain()
		if kind == ledger.BackupStored {
			stored++
		}

		code := FindRecorded

		switch {
		case kind == ledger.BackupStored && stored > 1:
			code = FindRetaken
		case kind == ledger.BackupRefused && each.about.Backup == row.ID:
			code = FindRefused
		case kind == ledger.BackupMissing, kind == ledger.BackupRefused:
			if !row.earlier(each.At) {
				code = FindLost
			}
		case kind == ledger.BackupOverdue:
			code = FindOverdue
		case isException(kind):
			code = FindException
			if excepted.IsZero() {
				excepted = each.At
			}
		case kind == ledger.BackupStored, kind == ledger.BackupDrilled, kind == ledger.BackupPruned,
			kind == ledger.BackupCopied:
			continue
		}

		a.tell(one, groups, code, each)
	}

	return excepted
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
	if !row.PrunedAt.IsZero() && !row.provenAt().IsZero() && row.PrunedAt.Before(due) {
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
func (a *assembly) judge(one *Day, opened, copies bool) {
	switch {
	case one.State == Missed && copies:
		one.Findings = append(one.Findings, finding(FindNotCopied))
	case one.State == Missed:
		one.Findings = append(one.Findings, finding(FindMissed))
	case one.State == Excused:
		one.Findings = append(one.Findings, finding(FindExcused))
	case one.State == Proven:
		a.judgeProven(one)

		return
	default:
		return
	}

	if !opened && !copies { // a copy's row is only made once there is something to copy
		one.Findings = append(one.Findings, finding(FindNoRun))
	}
}

// judgeProven tells of what was drilled, or copied, too late.
func (a *assembly) judgeProven(one *Day) {
	late := finding(FindLate)
	late.At, late.Entry = one.DrilledAt, one.DrilledEntry

	if one.CopiedEntry != "" {
		late.At, late.Entry = one.CopiedAt, one.CopiedEntry
	}

	if !one.DueAt.IsZero() && a.onTime(one.DueAt, late.At) > a.Rule.DoneWithin.Shortest() {
		one.Findings = append(one.Findings, late)
	}
}
