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
	// CatchUp is how long after its time a missed run is still made.
	CatchUp time.Duration
}

// Day is the business day of a run that was scheduled for the given instant and
// starts now. A zero scheduled time means a run by hand, which is of today. It
// fails with DayRefused for a day that may not be backed up any more, or not yet.
func (w Window) Day(scheduled, now time.Time) (calendar.Day, error) {
	if scheduled.IsZero() {
		scheduled = now
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
