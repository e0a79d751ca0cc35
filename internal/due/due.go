// Package due decides which business day a backup that starts now belongs to.
// A workflow only says what it was scheduled for; this decision is made again
// from the process's own clock, so that a forged input changes nothing.
package due

import (
	"fmt"
	"time"

	"steward/internal/calendar"
	"steward/internal/failure"
)

// early is how far a scheduled time may lie ahead of our clock: two machines'
// clocks differ by seconds, five minutes is forgery.
const early = 5 * time.Minute

// late is what a run may lose between its schedule and here beyond the catch-up
// window: the queue of a busy worker.
const late = time.Hour

// Window is what the policy says about the time of backups.
type Window struct {
	// Zone is the company's, in which business days are counted.
	Zone *time.Location
	// At is when the schedule starts the day's backup, in UTC.
	At calendar.TimeOfDay
	// CatchUp is how long after its time a missed run is still made.
	CatchUp time.Duration
	// DoneWithin is how long after its time a backup must have been drilled.
	DoneWithin time.Duration
}

// least is what a run gets that was opened at the very end of its catch-up
// window, or just after it: an hour does for most databases, and with the hour
// of late it still ends before the next day's run is due.
const least = time.Hour

// Day is the business day of a run that was scheduled for the given instant and
// starts now. A zero scheduled time means a run by hand, which is of Today. It
// fails with DayRefused for a day that may not be backed up any more, or not yet.
func (w Window) Day(scheduled, now time.Time) (calendar.Day, error) {
	if scheduled.IsZero() {
		return w.Today(now), nil
	}

	if scheduled.After(now.Add(early)) {
		return calendar.Day{}, failure.New(failure.DayRefused, "opening a business day that has not come")
	}

	if scheduled.Before(now.Add(-w.CatchUp - late)) {
		return calendar.Day{}, failure.New(failure.DayRefused,
			fmt.Sprintf("opening a business day whose catch-up window of %s is over", w.CatchUp))
	}

	return calendar.DayOf(scheduled, w.Zone), nil
}

// Today is the business day of a run by hand: that of the scheduled run that came
// last. Ten minutes past midnight is still the day before. Were it the new day,
// the schedule would find that day done some hours later, and from then to the
// next snapshot there would be more than a day.
func (w Window) Today(now time.Time) calendar.Day {
	last := w.At.On(calendar.DayOf(now, time.UTC))
	if last.After(now) {
		last = last.AddDate(0, 0, -1)
	}

	return calendar.DayOf(last, w.Zone)
}

// DueAt is when the backup of a run that was scheduled for the given instant
// must have been drilled.
func (w Window) DueAt(scheduled time.Time) time.Time { return scheduled.Add(w.DoneWithin) }

// DueOf is when the scheduled backup of a business day must have been drilled, the
// day written as 2006-01-02. It is false for what is no day.
func (w Window) DueOf(day string) (time.Time, bool) {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return time.Time{}, false
	}

	// The zone may lie on either side of UTC: the schedule's day in UTC is this one
	// or one beside it.
	for _, shift := range []int{0, -1, 1} {
		scheduled := w.At.On(calendar.DayOf(at.AddDate(0, 0, shift), time.UTC))
		if calendar.DayOf(scheduled, w.Zone).String() == day {
			return w.DueAt(scheduled), true
		}
	}

	return time.Time{}, false
}

// EndAt is when a run that starts now gives up, so that the next day's finds the
// way free: when the catch-up window ends, for a run by hand one such window
// from now.
func (w Window) EndAt(scheduled, now time.Time) time.Time {
	if scheduled.IsZero() {
		scheduled = now
	}

	end := scheduled.Add(w.CatchUp)
	if soonest := now.Add(least); end.Before(soonest) {
		return soonest
	}

	return end
}
