package calendar

import (
	"sort"
	"time"
)

// farthest is more than any zone ever was from UTC (the largest offset on
// record is a little over 15 hours), so an instant that much before a wall
// clock read as UTC is certainly before every instant that shows it.
const farthest = 26 * time.Hour

// StartOf returns the first instant of day in loc. Where midnight does not
// exist (the clock jumped over it), it is the first instant after the jump;
// where midnight comes twice, it is the first one; a day that the zone left
// out altogether starts where the next day does.
func StartOf(day Day, loc *time.Location) time.Time {
	_, first := resolve(day.Time(), loc)
	return first
}

// EndOf returns the first instant after day in loc: the start of the next.
func EndOf(day Day, loc *time.Location) time.Time {
	return StartOf(day.Next(), loc)
}

// resolve finds the instant at which a clock in loc shows what wall shows as
// a UTC time. When it is shown twice (a fold), the first one counts. When it
// is never shown (a gap), at is as far after the gap as wall is after the
// gap's beginning, and first is the instant that ends the gap; otherwise both
// are the same. It supposes that no zone changes twice within two days.
//
// It asks for offsets only: time.Time.ZoneBounds can return an end that is not
// after its start for years that are known by rule, not by table.
func resolve(wall time.Time, loc *time.Location) (at, first time.Time) {
	earlier := wall.Add(-farthest)
	before, after := offset(earlier, loc), offset(wall.Add(farthest), loc)
	for _, shown := range []time.Duration{before, after} {
		at = wall.Add(-shown)
		if offset(at, loc) == shown {
			return at.In(loc), at.In(loc)
		}
	}
	changed := sort.Search(int(2*farthest/time.Second), func(second int) bool {
		return offset(earlier.Add(time.Duration(second)*time.Second), loc) != before
	})
	first = earlier.Add(time.Duration(changed) * time.Second).Truncate(time.Second)
	return wall.Add(-before).In(loc), first.In(loc)
}

func offset(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
