package promise

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// left judges what the policy names no longer (a database, a set of files, a copy of
// one) while something of it is stored: nothing new is promised, but what was promised
// to go at its time has to.
func (r Rule) left(evidence Evidence, asOf time.Time) []Status {
	stored := map[string][]Backup{}
	for _, backup := range evidence.Backups {
		if backup.GoneAt.IsZero() && !slices.Contains(r.Backups.Databases, backup.Database) {
			stored[backup.Database] = append(stored[backup.Database], backup)
		}
	}
	var statuses []Status
	for _, item := range slices.Sorted(maps.Keys(stored)) {
		j := judgement{item: item, rule: *r.Backups, zone: r.Zone, evidence: evidence, asOf: asOf, backups: stored[item]}
		slices.SortStableFunc(j.backups, func(a, b Backup) int { return a.SnapshotAt.Compare(b.SnapshotAt) })
		j.judgeEnds()
		status := r.status(item, j.leaving())
		status.LeftPolicy = true
		statuses = append(statuses, status)
	}
	return statuses
}

// leaving is the verdict on what left the policy. An exception has lost its reason, and
// the next prune ends it: until then nothing proves that it will. There is no newest
// evidence, whose age nobody has to watch.
func (j *judgement) leaving() verdict {
	const left = "It left the policy. "
	switch {
	case len(j.stale) > 0:
		return verdict{state: Broken, reason: left + j.outstayed()}
	case len(j.beyond) > 0:
		first := j.beyond[0]
		return verdict{state: AtRisk, reason: left + fmt.Sprintf(
			"The backup of %s stays beyond its time as an exception since %s, which the next prune has to end%s.",
			first.Day, clock(first.ExceptedAt), more(len(j.beyond)-1))}
	default:
		first, last := j.backups[0], j.backups[len(j.backups)-1]
		return verdict{
			state: Kept, due: j.endOf(first).Add(j.rule.Tolerance.Shortest()),
			reason: left + fmt.Sprintf("What is stored of it goes at its time: that of %s at %s, and %d in all by %s.",
				first.Day, clock(j.endOf(first)), len(j.backups), clock(j.endOf(last))),
		}
	}
}
