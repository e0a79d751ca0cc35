package promise

import (
	"fmt"
	"maps"
	"slices"
	"strings"
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
		return verdict{state: Kept, due: j.endOf(j.backups[0]).Add(j.rule.Tolerance.Shortest()), reason: left + j.going()}
	}
}

// going tells when what is stored goes. What the bucket has not all objects of any more
// is no backup that is stored, but its remains have to go as well.
func (j *judgement) going() string {
	var whole, lost []Backup
	for _, backup := range j.backups {
		if backup.LostAt.IsZero() {
			whole = append(whole, backup)
		} else {
			lost = append(lost, backup)
		}
	}
	var sentences []string
	if len(whole) > 0 {
		first, last := whole[0], whole[len(whole)-1]
		sentences = append(sentences, fmt.Sprintf("What is stored of it goes at its time: that of %s at %s, and %d in all by %s.",
			first.Day, clock(j.endOf(first)), len(whole), clock(j.endOf(last))))
	}
	if len(lost) > 0 {
		sentences = append(sentences, lostObjects(lost), fmt.Sprintf("What is left of that goes by %s.", clock(j.endOf(lost[len(lost)-1]))))
	}
	return strings.Join(sentences, " ")
}
