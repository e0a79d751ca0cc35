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

	a.judge(&one, row, opened, database.CopyOf != "")

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
		one.PrunedEntry = a.receipt(one, row)
		a.dueThen(one, row)
	}

	excepted := a.others(one, row)
	a.lostUntold(one, row)
	a.keeping(one, row, excepted)
}

// dueThen takes from the entry of the end when that was due: the policy of then
// counts, not that of the report. An entry from before they said so is judged by the
// keep of the report, with a remark.
func (a *assembly) dueThen(one *Day, row Backup) {
	found, ok := a.find(row, ledger.BackupPruned, row.PrunedAt)
	if !ok {
		found, ok = a.wentWithItsBucket(row)
	}

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
		if kind == ledger.BackupStored || kind == ledger.BackupCopied {
			stored++
		}

		code, until := FindRecorded, time.Time{}

		switch {
		case (kind == ledger.BackupStored || kind == ledger.BackupCopied) && stored > 1:
			code = FindRetaken
		case kind == ledger.BackupRefused && each.about.Backup == row.ID:
			code = FindRefused
		case kind == ledger.BackupMissing, kind == ledger.BackupRefused:
			if !row.earlier(each.At) {
				code, until = FindLost, a.mended(row, each.At)
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

		a.tell(one, groups, code, each, until)
	}

	return excepted
}

// isException reports whether a kind records that a backup is kept beyond its
// time. Only an entry that says so excuses, never what could be inferred.
func isException(kind ledger.Kind) bool {
	return kind == ledger.BackupExcepted
}
