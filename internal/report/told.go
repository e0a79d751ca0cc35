package report

import (
	"cmp"
	"time"

	"steward/internal/ledger"
)

// maxExamples is how many entries a finding names beside the first, however many say
// the same: a day of which a million objects are lost has a report too.
const maxExamples = 3

// group is what makes entries about one day one finding.
type group struct {
	code  Code
	kind  ledger.Kind
	cause string
	until time.Time
}

// tell makes an entry a finding of the day, which ended at an instant if that is not
// zero, or adds it to the one that says the same already.
func (a *assembly) tell(one *Day, groups map[group]int, code Code, each entry, until time.Time) {
	key := group{code, each.Kind, each.about.Code, until}

	at, known := groups[key]
	if !known {
		told := finding(code)
		told.At, told.Entry, told.Kind, told.Cause = each.At.UTC(), a.cite(each), each.Kind, each.about.Code
		told.Until, told.Count = until, each.objects(code)
		groups[key] = len(one.Findings)
		one.Findings = append(one.Findings, told)

		return
	}

	told := &one.Findings[at]
	told.Entries = max(told.Entries, 1) + 1
	told.Count += each.objects(code)

	if len(told.Examples) < maxExamples {
		told.Examples = append(told.Examples, a.cite(each))
	}
}

// objects is how many objects of the day the entry counts; 0 where it counts others.
func (e entry) objects(code Code) int64 {
	switch {
	case code != FindLost && code != FindOverdue, e.plain() == ledger.BackupRefused:
		return 0 // of what a drill refused not all was named by each day before
	case e.about.Object != "":
		return 1
	default:
		return e.about.Count
	}
}

// lost are the entries about objects of files that this day needed when they were
// found missing: they are named by the days from the first to the last in the entry.
// Of what a drill found wanting the last day is the drill's own, which was taken anew,
// and what was never proven before had no copy of it to lose.
func (a *assembly) lost(one *Day, row Backup) []entry {
	var found []entry

	for _, each := range a.missing[row.Database] {
		first := cmp.Or(each.about.FirstDay, each.about.Day)
		spared := each.Kind == ledger.FilesRefused && (each.about.Day == one.Day || row.provenAt().IsZero())

		if first <= one.Day && one.Day <= each.about.Day && !spared && each.At.Before(one.PruneDueAt) {
			found = append(found, each)
		}
	}

	return found
}

// lostUntold tells of a loss that the catalogue knows and no entry tells: from before
// entries named the days that lose what a drill found wanting, or of a drill that was
// killed. Against a backup the catalogue is believed alone.
func (a *assembly) lostUntold(one *Day, row Backup) {
	if row.LostAt.IsZero() || row.provenAt().IsZero() || !row.LostAt.Before(one.PruneDueAt) {
		return
	}

	for _, each := range one.Findings {
		if each.Code == FindLost {
			return
		}
	}

	lost := finding(FindLost)
	lost.At = row.LostAt.UTC()
	one.Findings = append(one.Findings, lost)
}

// earlier reports whether what was found at an instant is about an attempt before the
// one that stands: nothing of this one was there yet. Of a copy there is only one: while
// it lacked an object, it was not whole within its time.
func (b Backup) earlier(at time.Time) bool {
	return b.Copy == nil && (b.TakenAt.IsZero() || at.Before(b.TakenAt.Truncate(time.Microsecond)))
}

// mended is when a copy was whole again that had lost an object, as the ledger says;
// zero where it does not.
func (a *assembly) mended(row Backup, lost time.Time) time.Time {
	if row.Copy == nil {
		return time.Time{}
	}

	for _, each := range a.about(row) {
		if each.Kind == ledger.BackupCopied && each.about.ManifestSHA256 == row.ManifestSHA256 && each.At.After(lost) {
			return each.At.UTC()
		}
	}

	return time.Time{}
}
