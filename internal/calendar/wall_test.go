package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/calendar"
)

func TestStartOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, zone, day, start, end string }{
		{"an ordinary day", "Europe/Paris", "2026-11-22", "2026-11-21T23:00:00Z", "2026-11-22T23:00:00Z"},
		{"the clocks go forward at 2: 23 hours", "Europe/Paris", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"the clocks go back at 3: 25 hours", "Europe/Paris", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"midnight is skipped", "America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"midnight is skipped", "Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z", "2023-04-28T21:00:00Z"},
		{"midnight comes twice: the first", "America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"a gap from 23:30 to 00:30", "America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z"},
		{"a day that was left out is empty", "Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"half an hour", "Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
		{"no zone changes", "UTC", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z"},
	} {
		loc := zone(t, test.zone)
		day, err := calendar.ParseDay(test.day)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := calendar.StartOf(day, loc), instant(t, test.start); !got.Equal(want) {
			t.Errorf("%s: StartOf(%s, %s) = %v, want %v", test.why, test.day, test.zone, got.UTC(), want)
		}
		if got, want := calendar.EndOf(day, loc), instant(t, test.end); !got.Equal(want) {
			t.Errorf("%s: EndOf(%s, %s) = %v, want %v", test.why, test.day, test.zone, got.UTC(), want)
		}
	}
}

// zones are those whose changes differ in kind: direction, size, hour, none.
func zones() []string {
	return []string{
		"UTC", "Europe/Paris", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/Havana",
		"America/St_Johns", "Africa/Casablanca", "Africa/Cairo", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Beirut",
		"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "America/Los_Angeles",
	}
}

func drawZone(t *rapid.T) *time.Location {
	loc, err := time.LoadLocation(rapid.SampledFrom(zones()).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// drawInstant returns a whole second of the years 1990 to 2037, for which
// every zone has explicit changes.
func drawInstant(t *rapid.T, name string) time.Time {
	const from, until = 631_152_000, 2_145_916_800
	return time.Unix(rapid.Int64Range(from, until).Draw(t, name), 0)
}

func TestStartOfProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc := drawZone(t)
		day := calendar.DayOf(drawInstant(t, "at"), loc)
		start, end := calendar.StartOf(day, loc), calendar.EndOf(day, loc)
		if calendar.DayOf(start, loc) != day {
			t.Fatalf("%v starts at %v, which is another day", day, start)
		}
		if calendar.DayOf(start.Add(-time.Second), loc) == day {
			t.Fatalf("%v began before %v", day, start)
		}
		if length := end.Sub(start); length < 22*time.Hour || length > 49*time.Hour {
			t.Fatalf("%v lasts %v", day, length)
		}
	})
}
