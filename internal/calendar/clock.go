package calendar

import (
	"errors"
	"fmt"
	"time"
)

// ErrNotATime is returned for text that is not a time of day "15:04".
var ErrNotATime = errors.New("not a time of day written as HH:MM")

// TimeOfDay is a minute of the UTC day, at which a schedule fires. The zero
// TimeOfDay is midnight.
type TimeOfDay struct {
	minutes int
}

// ParseTimeOfDay reads "15:04", from 00:00 to 23:59, always five characters.
// It returns ErrNotATime, wrapped with the text, for anything else.
func ParseTimeOfDay(text string) (TimeOfDay, error) {
	const layout, minutesPerHour = "15:04", 60
	t, err := time.Parse(layout, text)
	if err != nil || len(text) != len(layout) {
		return TimeOfDay{}, fmt.Errorf("%q: %w", text, ErrNotATime)
	}
	return TimeOfDay{minutes: t.Hour()*minutesPerHour + t.Minute()}, nil
}

// ClockAt is the time of day at an hour of 0 to 23 and a minute of 0 to 59.
func ClockAt(hour, minute int) TimeOfDay {
	const minutesPerHour = 60

	return TimeOfDay{minutes: hour*minutesPerHour + minute}
}

// On returns the instant of the time of day on a day, both taken as UTC.
func (c TimeOfDay) On(day Day) time.Time {
	return day.Time().Add(time.Duration(c.minutes) * time.Minute)
}

// After returns the first instant at this time of day that is after t.
func (c TimeOfDay) After(t time.Time) time.Time {
	day := DayOf(t, time.UTC)
	if at := c.On(day); at.After(t) {
		return at
	}
	return c.On(day.Next())
}

// Hour returns the hour of the day, 0 to 23, as a schedule wants it.
func (c TimeOfDay) Hour() int { return c.On(Day{}).Hour() }

// Minute returns the minute of the hour, 0 to 59, as a schedule wants it.
func (c TimeOfDay) Minute() int { return c.On(Day{}).Minute() }

// Equal reports whether both are the same minute. go-cmp uses it.
func (c TimeOfDay) Equal(other TimeOfDay) bool { return c == other }

// String returns "15:04".
func (c TimeOfDay) String() string { return c.On(Day{}).Format("15:04") }

// MarshalText writes the text of String; it never fails.
func (c TimeOfDay) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what ParseTimeOfDay reads, with the same error.
func (c *TimeOfDay) UnmarshalText(text []byte) error {
	parsed, err := ParseTimeOfDay(string(text))
	if err != nil {
		return err
	}
	*c = parsed
	return nil
}
