package calendar

import "time"

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
// are the same.
func resolve(wall time.Time, loc *time.Location) (at, first time.Time) {
	period := wall.Add(-farthest).In(loc)
	before := offset(period)
	for {
		now := offset(period)
		start, end := period.ZoneBounds()
		at = wall.Add(-now).In(loc)
		if at.Before(start) {
			return wall.Add(-before).In(loc), start
		}
		if end.IsZero() || at.Before(end) {
			return at, at
		}
		before, period = now, end
	}
}

func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
