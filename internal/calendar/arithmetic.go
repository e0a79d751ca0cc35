package calendar

import "time"

// AddTo returns the instant that lies d after t.
//
// Minutes, hours and days are exact and ignore zones. Months and years are
// counted on the calendar of loc and keep the clock on the wall:
//   - a day that the target month does not have becomes its last day: 31
//     January + 1mo is 28 or 29 February, 29 February + 1y is 28 February;
//   - a wall clock that the target day skips (clocks go forward) moves forward
//     by as much as the clocks do: 02:30 becomes 03:30;
//   - a wall clock that the target day shows twice (clocks go back) is the
//     first of the two.
//
// AddTo never goes back: the result is not before t. But two instants of the
// last days of a month may end in the same instant, or change places by less
// than a day, since 30 and 31 January both end on the last day of February.
func (d Duration) AddTo(t time.Time, loc *time.Location) time.Time {
	return d.shift(t, loc, 1)
}

// Before returns the instant that lies d before t, by the rules of AddTo. It
// is the limit for "nothing older than": an item of that instant is exactly d
// old. With months and years, going back and then forward need not return to t.
func (d Duration) Before(t time.Time, loc *time.Location) time.Time {
	return d.shift(t, loc, -1)
}

// Within reports whether less than d has passed at the instant at, counted
// from from: at the instant from + d it is no longer within.
func (d Duration) Within(from, at time.Time, loc *time.Location) bool {
	return at.Before(d.AddTo(from, loc))
}

// Passed reports the opposite of Within: d has fully passed.
func (d Duration) Passed(from, at time.Time, loc *time.Location) bool {
	return !d.Within(from, at, loc)
}

// Shortest returns a length that d never falls below on a calendar without
// zone changes: 28 days for a month, 365 days for each full year.
func (d Duration) Shortest() time.Duration {
	const shortMonth, shortYear = 28, 365
	return d.length(shortMonth, shortYear)
}

// Longest returns a length that d never exceeds on a calendar without zone
// changes: 31 days for a month, 366 days for each full year.
func (d Duration) Longest() time.Duration {
	const longMonth = 31
	return d.length(longMonth, daysPerLongYear)
}

// length prices months and years at the given numbers of days.
func (d Duration) length(month, year int) time.Duration {
	unit, count := time.Minute, d.count
	switch d.unit {
	case Hours:
		unit = time.Hour
	case Days:
		unit = hoursPerDay * time.Hour
	case Months:
		unit, count = hoursPerDay*time.Hour, d.count/monthsPerYear*year+d.count%monthsPerYear*month
	case Years:
		unit, count = hoursPerDay*time.Hour, d.count*year
	default: // minutes, and the zero Duration
	}
	return time.Duration(count) * unit
}

// shift moves t by d in the direction of sign, +1 or -1.
func (d Duration) shift(t time.Time, loc *time.Location, sign int) time.Time {
	if exact, ok := d.Exact(); ok {
		return t.Add(time.Duration(sign) * exact).In(loc)
	}
	months := sign * d.count
	if d.unit == Years {
		months *= monthsPerYear
	}
	return addMonths(t.In(loc), months)
}

// addMonths keeps the wall clock of local and clamps the day to the month. No
// months at all is no movement, even inside a fold.
func addMonths(local time.Time, months int) time.Time {
	if months == 0 {
		return local
	}
	year, month, day := local.Date()
	firstOfMonth := time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	lastDay := firstOfMonth.AddDate(0, 1, -1).Day()
	wall := time.Date(firstOfMonth.Year(), firstOfMonth.Month(), min(day, lastDay),
		local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	at, _ := resolve(wall, local.Location())
	return at
}
