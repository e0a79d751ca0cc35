package promise

import (
	"fmt"
	"strings"
	"time"
)

// verdict turns the judgement into a state and its sentences.
func (j *judgement) verdict() verdict {
	newest, exists := j.newest()
	v := verdict{newest: newest.SnapshotAt, due: j.nextDue()}
	broken := j.brokenReasons()
	switch {
	case len(broken) > 0:
		v.state, v.reason = Broken, strings.Join(broken, " ")
	case j.overdue:
		v.state, v.reason = AtRisk, fmt.Sprintf(j.words().overdue, clock(j.pending))
	case !exists:
		v.state, v.reason = Armed, fmt.Sprintf("The first %s is due at %s.", j.words().thing, clock(v.due))
	case j.tooOld(newest):
		v.state, v.reason = AtRisk, fmt.Sprintf("The newest %s is of %s, %s ago, and the limit is %s.",
			j.words().thing, clock(newest.SnapshotAt), span(j.asOf.Sub(newest.SnapshotAt)), span(j.maxAge()))
	default:
		v.state, v.reason = Kept, fmt.Sprintf("The newest %s is of %s, %s ago.",
			j.words().thing, clock(newest.SnapshotAt), span(j.asOf.Sub(newest.SnapshotAt)))
	}
	if exists && v.state == Kept && j.empty(newest) && !j.mayBeEmpty() {
		v.state = AtRisk
	}
	v.reason += j.excuses() + j.exceptions() + j.emptiness(newest, exists)
	return v
}

// words are what an item is called in the sentences.
type words struct{ thing, overdue string }

func (j *judgement) words() words {
	if strings.HasPrefix(j.item, "copies/") {
		return words{"copy", "The copy that was due at %s is not there yet."}
	}
	return words{"drilled backup", "The backup that was due at %s is not drilled yet."}
}

// tooOld reports whether the newest snapshot reached its greatest age. On a dev
// machine time off does not count, nor does the age when a day after it is excused.
func (j *judgement) tooOld(newest Backup) bool {
	for _, excused := range j.excused {
		if excused.day.After(newest.Day) {
			return false
		}
	}
	return j.evidence.onTime(newest.SnapshotAt, j.asOf) >= j.maxAge()
}

// brokenReasons returns one sentence for each way in which the promise is broken.
func (j *judgement) brokenReasons() []string {
	var reasons []string
	if n := len(j.missing); n > 0 {
		days := make([]string, 0, n)
		for _, day := range j.missing {
			days = append(days, day.String())
		}
		reasons = append(reasons, fmt.Sprintf("No %s exists for %s, and the time to catch up is over.", j.words().thing, listed(days)))
	}
	if len(j.early) > 0 {
		first := j.early[0]
		reasons = append(reasons, fmt.Sprintf("The backup of %s was gone at %s, before its %s were over at %s%s.",
			first.Day, clock(first.GoneAt), j.rule.Keep.Words(), clock(j.endOf(first)), more(len(j.early)-1)))
	}
	if len(j.lost) > 0 {
		reasons = append(reasons, lostObjects(j.lost))
	}
	if len(j.stale) > 0 {
		reasons = append(reasons, j.outstayed())
	}
	return reasons
}

// lostObjects tells which backups the bucket has not all objects of.
func lostObjects(lost []Backup) string {
	return fmt.Sprintf("The bucket has not all objects of the backup of %s any more, as was found at %s%s.",
		lost[0].Day, clock(lost[0].LostAt), more(len(lost)-1))
}

// outstayed tells what still exists past its time and the tolerance.
func (j *judgement) outstayed() string {
	first := j.stale[0]
	return fmt.Sprintf("The backup of %s still exists, though its %s and the tolerance of %s were over at %s%s.",
		first.Day, j.rule.Keep.Words(), j.rule.Tolerance.Words(),
		clock(j.endOf(first).Add(j.rule.Tolerance.Shortest())), more(len(j.stale)-1))
}

// exceptions tells which backups stay beyond their time, as the policy says.
func (j *judgement) exceptions() string {
	if len(j.beyond) == 0 {
		return ""
	}
	first := j.beyond[0]
	return fmt.Sprintf(" The backup of %s stays beyond its time as an exception since %s, since no younger one is proven%s.",
		first.Day, clock(first.ExceptedAt), more(len(j.beyond)-1))
}

// excuses tells which days a dev machine slept through, and when.
func (j *judgement) excuses() string {
	var text strings.Builder
	for _, excused := range j.excused {
		periods := make([]string, 0, len(excused.off))
		for _, off := range excused.off {
			periods = append(periods, fmt.Sprintf("from %s to %s", clock(off.From), clock(off.To)))
		}
		fmt.Fprintf(&text, " %s is excused: the machine was off %s.", excused.day, listed(periods))
	}
	return text.String()
}

// more says that others share the fault of the first.
func more(others int) string {
	switch others {
	case 0:
		return ""
	case 1:
		return ", and so is 1 more"
	default:
		return fmt.Sprintf(", and so are %d more", others)
	}
}

// listed joins at most maxListed items and counts the rest.
func listed(items []string) string {
	const maxListed = 7 // a week of days
	rest := len(items) - maxListed
	if rest > 0 {
		items = append(items[:maxListed:maxListed], fmt.Sprintf("%d more", rest))
	}
	last := len(items) - 1
	if last == 0 {
		return items[0]
	}
	return strings.Join(items[:last], ", ") + " and " + items[last]
}

// clock prints an instant for people, to the minute, always in UTC.
func clock(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04") + " UTC"
}

// span prints a length of time in its two greatest units.
func span(d time.Duration) string {
	const hoursPerDay, minutesPerHour = 24, 60
	hours, minutes := int(d/time.Hour), int(d/time.Minute)%minutesPerHour
	switch {
	case hours >= 2*hoursPerDay:
		return fmt.Sprintf("%d days %d h", hours/hoursPerDay, hours%hoursPerDay)
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	default:
		return fmt.Sprintf("%d min", minutes)
	}
}
