package calendar

import (
	"errors"
	"fmt"
	"time"
)

// monthLayout is the only written form of a Month.
const monthLayout = "2006-01"

// ErrNotAMonth is returned for text that is not a month "2006-01".
var ErrNotAMonth = errors.New("not a month written as YYYY-MM")

// Month is a month of the civil calendar without zone, such as that of a report.
// Months are comparable with ==. The zero Month is no month at all.
type Month struct {
	first Day
}

// MonthOf returns the month that a calendar on the wall in loc shows at t.
func MonthOf(t time.Time, loc *time.Location) Month {
	day := DayOf(t, loc)
	return Month{first: NewDay(day.year, day.month, 1)}
}

// ParseMonth reads "2006-01", from 0001-01 to 9999-12, always seven characters.
// It returns ErrNotAMonth, wrapped with the text, for anything else.
func ParseMonth(text string) (Month, error) {
	t, err := time.Parse(monthLayout, text)
	if err != nil || len(text) != len(monthLayout) || t.Year() < 1 {
		return Month{}, fmt.Errorf("%q: %w", text, ErrNotAMonth)
	}
	return Month{first: dayIn(t)}, nil
}

// First returns the first day of the month.
func (m Month) First() Day { return m.first }

// Last returns the last day of the month.
func (m Month) Last() Day { return NewDay(m.first.year, m.first.month+1, 0) }

// Holds reports whether the day is one of the month.
func (m Month) Holds(day Day) bool { return !day.Before(m.First()) && !day.After(m.Last()) }

// IsZero reports whether m is no month.
func (m Month) IsZero() bool { return m.first.IsZero() }

// Equal reports whether both are the same month. go-cmp uses it.
func (m Month) Equal(other Month) bool { return m == other }

// String returns "2006-01", and nothing for the zero Month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return m.first.Time().Format(monthLayout)
}
