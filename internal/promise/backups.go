package promise

import (
	"slices"
	"time"

	"steward/internal/calendar"
)

// aDay is the 24 hours of "backed up every day".
const aDay = 24 * time.Hour

// judgement gathers what is wrong with the backups of one database.
type judgement struct {
	item     string // as in Key
	rule     BackupRule
	zone     *time.Location
	evidence Evidence
	asOf     time.Time
	armed    time.Time
	backups  []Backup // of this database, oldest snapshot first

	missing []calendar.Day // past their catch-up, without a drilled backup
	excused []excuse       // days that a dev machine slept through
	early   []Backup       // gone before their time, with nothing in their place
	lost    []Backup       // within their time, and the bucket has not all of them
	stale   []Backup       // still there after their time
	beyond  []Backup       // the same, as a recorded exception
	pending time.Time      // due instant of a day that has no backup yet but still can
	overdue bool           // that instant has passed
}

// excuse is a day that is not held against a dev machine, and when it was off.
type excuse struct {
	day calendar.Day
	off []Interval
}

// judgeBackups decides for one database. Evidence must be cut to asOf.
//
// Crossed limits win over everything: a day without a drilled backup past its
// catch-up, while that day is within the period of keeping; a backup that was
// gone too early or lost objects, while it would still be due; a backup that still
// exists past keep and tolerance, unless that is a recorded exception. Then comes what is due now; only then it is kept.
func judgeBackups(rule Rule, database string, evidence Evidence, asOf time.Time) verdict {
	armed, known := evidence.Armed[Key{Promise: rule.Name, Item: database}]
	if !known {
		return verdict{state: Broken, reason: "It was never set up, so nothing watches over it. Run steward setup."}
	}
	j := judgement{item: database, rule: *rule.Backups, zone: rule.Zone, evidence: evidence, asOf: asOf, armed: armed}
	for _, backup := range evidence.Backups {
		if backup.Database == database {
			j.backups = append(j.backups, backup)
		}
	}
	slices.SortStableFunc(j.backups, func(a, b Backup) int { return a.SnapshotAt.Compare(b.SnapshotAt) })
	j.judgeDays()
	j.judgeEnds()
	return j.verdict()
}

// judgeDays looks at each business day whose backup is still promised: it
// began after the setup and within the period of keeping.
func (j *judgement) judgeDays() {
	oldest := j.rule.Keep.Before(j.asOf, j.zone)
	for at := j.rule.At.On(calendar.DayOf(oldest, time.UTC)); !at.After(j.asOf); at = at.Add(aDay) {
		if at.After(oldest) && !at.Before(j.armed) {
			j.judgeDay(calendar.DayOf(at, j.zone), at)
		}
	}
}

// judgeDay sorts the day whose backup began at the instant at into one of: held, gone too
// early, missing, excused, pending.
func (j *judgement) judgeDay(day calendar.Day, at time.Time) {
	held, early, lost := j.heldOf(day)
	catchUp, doneWithin := j.rule.CatchUp.Shortest(), j.rule.DoneWithin.Shortest()
	end := at.Add(catchUp)
	switch {
	case held:
	case len(early)+len(lost) > 0:
		j.early = append(j.early, early...)
		j.lost = append(j.lost, lost...)
	case j.asOf.Before(end):
		j.pending = at.Add(doneWithin)
		j.overdue = j.evidence.onTime(at, j.asOf) >= doneWithin
	case j.evidence.onTime(at, end) < doneWithin:
		j.excused = append(j.excused, excuse{day: day, off: j.evidence.overlapping(at, end)})
	default:
		j.missing = append(j.missing, day)
	}
}

// heldOf reports whether a drilled backup of the day exists or was kept to its
// end, which drilled ones were gone before, and which lost objects before.
func (j *judgement) heldOf(day calendar.Day) (held bool, early, lost []Backup) {
	for _, backup := range j.backups {
		switch {
		case backup.Day != day || backup.DrilledAt.IsZero():
		case !backup.LostAt.IsZero() && backup.LostAt.Before(j.endOf(backup)):
			lost = append(lost, backup)
		case backup.GoneAt.IsZero() || !backup.GoneAt.Before(j.endOf(backup)):
			held = true
		default:
			early = append(early, backup)
		}
	}
	return held, early, lost
}

// judgeEnds finds what still exists past keep and tolerance, drilled or not.
func (j *judgement) judgeEnds() {
	for _, backup := range j.backups {
		end := j.endOf(backup)
		if backup.GoneAt.IsZero() && !backup.ExceptedAt.IsZero() {
			j.beyond = append(j.beyond, backup)
			continue
		}
		if backup.GoneAt.IsZero() && !end.After(j.asOf) && j.evidence.onTime(end, j.asOf) >= j.rule.Tolerance.Shortest() {
			j.stale = append(j.stale, backup)
		}
	}
}

// endOf returns when the backup's time is over.
func (j *judgement) endOf(backup Backup) time.Time {
	return j.rule.Keep.AddTo(backup.SnapshotAt, j.zone)
}

// newest returns the newest drilled backup that still exists, whole.
func (j *judgement) newest() (Backup, bool) {
	for _, backup := range slices.Backward(j.backups) {
		if !backup.DrilledAt.IsZero() && backup.GoneAt.IsZero() && backup.LostAt.IsZero() {
			return backup, true
		}
	}
	return Backup{}, false
}

// maxAge is how old the newest drilled snapshot may become: the next one begins
// a day later and has DoneWithin to be drilled.
func (j *judgement) maxAge() time.Duration {
	return aDay + j.rule.DoneWithin.Shortest()
}

// nextDue returns the instant by which the next backup must be drilled: of a
// day that waits, else of the next day that begins.
func (j *judgement) nextDue() time.Time {
	if !j.pending.IsZero() {
		return j.pending
	}
	from := j.asOf
	if j.armed.After(from) {
		from = j.armed.Add(-1) // the backup at the very instant of the setup counts
	}
	return j.rule.At.After(from).Add(j.rule.DoneWithin.Shortest())
}
