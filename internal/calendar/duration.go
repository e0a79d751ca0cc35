package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Unit is what a Duration counts.
type Unit string

// The units of a policy. Minutes, hours and days are exact: a day is 24 hours
// whatever the clocks do. Months and years are units of the calendar.
const (
	Minutes Unit = "min"
	Hours   Unit = "h"
	Days    Unit = "d"
	Months  Unit = "mo"
	Years   Unit = "y"
)

const (
	hoursPerDay   = 24
	monthsPerYear = 12
	// maxYears bounds every duration. No promise is longer than a century, and
	// 100 years of minutes still fit a time.Duration.
	maxYears = 100
	// daysPerLongYear bounds the exact units to the same century.
	daysPerLongYear = 366
)

// ErrNotADuration is returned for text that is no duration of a policy.
var ErrNotADuration = errors.New("not a duration")

// Duration is a period as a policy states it: a count of one unit, such as
// 7d, 2h, 30min, 1mo or 2y. It is comparable, and never negative. The zero
// Duration has no unit and lasts no time.
type Duration struct {
	count int
	unit  Unit
}

// NewDuration returns count units. It returns ErrNotADuration, wrapped with
// the reason, for a negative count, an unknown unit or more than a century.
func NewDuration(count int, unit Unit) (Duration, error) {
	limit := maxCount(unit)
	switch {
	case limit == 0:
		return Duration{}, fmt.Errorf("unit %q: %w: write min, h, d, mo or y", unit, ErrNotADuration)
	case count < 0:
		return Duration{}, fmt.Errorf("%d%s: %w: it cannot be negative", count, unit, ErrNotADuration)
	case count > limit:
		return Duration{}, fmt.Errorf("%d%s: %w: it is longer than %d years", count, unit, ErrNotADuration, maxYears)
	}
	return Duration{count: count, unit: unit}, nil
}

// maxCount returns how many of unit make the longest duration, 0 for no unit.
func maxCount(unit Unit) int {
	const minutesPerHour = 60
	switch unit {
	case Minutes:
		return maxYears * daysPerLongYear * hoursPerDay * minutesPerHour
	case Hours:
		return maxYears * daysPerLongYear * hoursPerDay
	case Days:
		return maxYears * daysPerLongYear
	case Months:
		return maxYears * monthsPerYear
	case Years:
		return maxYears
	default:
		return 0
	}
}

// ParseDuration reads a whole number and its unit, written together: "7d",
// "2h", "30min", "1mo", "2y". It returns ErrNotADuration, wrapped with what is
// wrong and what to write, for anything else.
func ParseDuration(text string) (Duration, error) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	number, unit := text[:digits], text[digits:]
	switch {
	case number == "":
		return Duration{}, fmt.Errorf("%q: %w: it must begin with a whole number, as in 7d", text, ErrNotADuration)
	case unit == "":
		return Duration{}, fmt.Errorf("%q: %w: the unit is missing; write min, h, d, mo or y, as in %sd", text, ErrNotADuration, number)
	case len(number) > 1 && number[0] == '0':
		return Duration{}, fmt.Errorf("%q: %w: the number must not begin with 0", text, ErrNotADuration)
	case unit == "m":
		return Duration{}, fmt.Errorf("%q: %w: m could be minutes or months; write min or mo", text, ErrNotADuration)
	case maxCount(Unit(unit)) == 0:
		return Duration{}, fmt.Errorf("%q: %w: unknown unit %q; write min, h, d, mo or y", text, ErrNotADuration, unit)
	}
	count, err := strconv.Atoi(number)
	if err != nil {
		return Duration{}, fmt.Errorf("%q: %w: the number is too large", text, ErrNotADuration)
	}
	return NewDuration(count, Unit(unit))
}

// String returns the form that ParseDuration reads; the zero Duration is "0min".
func (d Duration) String() string {
	if d.unit == "" {
		return "0min"
	}
	return strconv.Itoa(d.count) + string(d.unit)
}

// Words returns the duration as people say it: "7 days", "1 month".
func (d Duration) Words() string {
	name := map[Unit]string{
		Minutes: "minute", Hours: "hour", Days: "day", Months: "month", Years: "year", "": "minute",
	}[d.unit]
	if d.count == 1 {
		return "1 " + name
	}
	return strconv.Itoa(d.count) + " " + name + "s"
}

// IsZero reports whether d lasts no time at all, whatever its unit.
func (d Duration) IsZero() bool { return d.count == 0 }

// Equal reports whether both are the same count of the same unit, or both last
// no time: 24h is not 1d, though it lasts as long. go-cmp uses it.
func (d Duration) Equal(other Duration) bool {
	return d == other || d.IsZero() && other.IsZero()
}

// MarshalText writes the text of String; it never fails.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what ParseDuration reads, with the same errors.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Exact returns the length of a duration of minutes, hours or days, and false
// for months and years, whose length depends on where they begin.
func (d Duration) Exact() (time.Duration, bool) {
	switch d.unit {
	case Months, Years:
		return 0, false
	default:
		return d.Shortest(), true
	}
}
