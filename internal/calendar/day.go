package calendar

import (
	"errors"
	"fmt"
	"time"
)

// dayLayout is the only written form of a Day, in text, JSON and object names.
const dayLayout = time.DateOnly

// maxYear keeps the written form at ten characters, so that days sort as text.
const maxYear = 9999

// ErrNotADay is returned for text that is not a civil date "2006-01-02".
var ErrNotADay = errors.New("not a day written as YYYY-MM-DD")

// Day is a civil date without time or zone, such as a business day of a
// backup. Days are comparable with ==. The zero Day is no day at all: IsZero
// reports true and its text is empty.
type Day struct {
	year  int
	month time.Month
	day   int
}

// NewDay returns the day of these numbers, normalised as time.Date does:
// 31 April is 1 May.
func NewDay(year int, month time.Month, day int) Day {
	return dayIn(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// DayOf returns the civil date that a calendar on the wall in loc shows at t.
func DayOf(t time.Time, loc *time.Location) Day {
	return dayIn(t.In(loc))
}

// ParseDay reads "2006-01-02". It returns ErrNotADay, wrapped with the text,
// for anything else, a day that does not exist included.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(dayLayout, text)
	if err != nil {
		return Day{}, fmt.Errorf("%q: %w", text, ErrNotADay)
	}
	return dayIn(t), nil
}

func dayIn(t time.Time) Day {
	year, month, day := t.Date()
	return Day{year: year, month: month, day: day}
}

// IsZero reports whether d is no day. encoding/json's omitzero uses it.
func (d Day) IsZero() bool { return d == Day{} }

// Time returns midnight UTC of d: the form that a Postgres date column has in
// Go. It is not the start of the day in the company's zone; StartOf is.
func (d Day) Time() time.Time {
	return time.Date(d.year, d.month, d.day, 0, 0, 0, 0, time.UTC)
}

// AddDays returns the day n civil days later, or earlier when n is negative.
func (d Day) AddDays(n int) Day {
	return NewDay(d.year, d.month, d.day+n)
}

// Next returns the day after d.
func (d Day) Next() Day { return d.AddDays(1) }

// NextDay returns the day after d; it is Next as a plain function.
func NextDay(d Day) Day { return d.Next() }

// Previous returns the day before d.
func (d Day) Previous() Day { return d.AddDays(-1) }

// DaysUntil returns how many civil days later than d other is.
func (d Day) DaysUntil(other Day) int {
	const day = 24 * time.Hour
	return int(other.Time().Sub(d.Time()) / day)
}

// Compare returns -1, 0 or +1 as d is before, the same as or after other.
func (d Day) Compare(other Day) int { return d.Time().Compare(other.Time()) }

// Before reports whether d is earlier than other.
func (d Day) Before(other Day) bool { return d.Compare(other) < 0 }

// After reports whether d is later than other.
func (d Day) After(other Day) bool { return d.Compare(other) > 0 }

// Equal reports whether both are the same day. go-cmp uses it.
func (d Day) Equal(other Day) bool { return d == other }

// String returns "2006-01-02", and nothing for the zero Day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format(dayLayout)
}

// MarshalText writes the text of String; JSON uses it too. A year outside
// 0 to 9999 has no such text and gives ErrNotADay.
func (d Day) MarshalText() ([]byte, error) {
	if d.year < 0 || d.year > maxYear {
		return nil, fmt.Errorf("year %d: %w", d.year, ErrNotADay)
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote; empty text gives the zero Day.
// It returns ErrNotADay for anything else.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Day{}
		return nil
	}
	day, err := ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day
	return nil
}
