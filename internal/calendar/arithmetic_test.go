package calendar_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/calendar"
)

func ExampleDuration_AddTo() {
	month, err := calendar.ParseDuration("1mo")
	if err != nil {
		fmt.Println(err)
		return
	}
	login := time.Date(2027, time.January, 31, 9, 0, 0, 0, time.UTC)
	fmt.Println(month.AddTo(login, time.UTC).Format(time.RFC3339))
	// Output: 2027-02-28T09:00:00Z
}

func TestAddTo(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, zone, from, add, want string }{
		{"minutes", "UTC", "2026-11-22T10:00:00Z", "90min", "2026-11-22T11:30:00Z"},
		{"hours", "UTC", "2026-11-22T10:00:00Z", "20h", "2026-11-23T06:00:00Z"},
		{"a day is 24 hours, clocks forward", "Europe/Paris", "2026-03-28T12:00:00Z", "1d", "2026-03-29T12:00:00Z"},
		{"a day is 24 hours, clocks back", "Europe/Paris", "2026-10-24T12:00:00Z", "1d", "2026-10-25T12:00:00Z"},
		{"a month", "UTC", "2026-11-22T10:00:00Z", "1mo", "2026-12-22T10:00:00Z"},
		{"over the year's end", "UTC", "2026-11-22T10:00:00Z", "14mo", "2028-01-22T10:00:00Z"},
		{"31 January", "UTC", "2026-01-31T10:00:00Z", "1mo", "2026-02-28T10:00:00Z"},
		{"31 January before a leap day", "UTC", "2028-01-31T10:00:00Z", "1mo", "2028-02-29T10:00:00Z"},
		{"31 January, two months", "UTC", "2026-01-31T10:00:00Z", "2mo", "2026-03-31T10:00:00Z"},
		{"31 August", "UTC", "2026-08-31T10:00:00Z", "1mo", "2026-09-30T10:00:00Z"},
		{"29 February plus a year", "UTC", "2028-02-29T10:00:00Z", "1y", "2029-02-28T10:00:00Z"},
		{"29 February plus four years", "UTC", "2028-02-29T10:00:00Z", "4y", "2032-02-29T10:00:00Z"},
		{"29 February to a century without one", "UTC", "2096-02-29T10:00:00Z", "4y", "2100-02-28T10:00:00Z"},
		{"28 February stays", "UTC", "2027-02-28T10:00:00Z", "1y", "2028-02-28T10:00:00Z"},
		{"two years", "Europe/Paris", "2024-11-22T10:00:00Z", "2y", "2026-11-22T10:00:00Z"},
		{"the wall clock stays, winter to summer", "Europe/Paris", "2026-03-15T09:00:00Z", "1mo", "2026-04-15T08:00:00Z"},
		{"the wall clock stays, summer to winter", "Europe/Paris", "2026-10-15T08:00:00Z", "1mo", "2026-11-15T09:00:00Z"},
		{"the day is the zone's, not UTC's", "Europe/Paris", "2026-01-30T23:30:00Z", "1mo", "2026-02-27T23:30:00Z"},
		{"the day is the zone's, westward", "America/Los_Angeles", "2026-03-01T05:00:00Z", "1mo", "2026-03-29T04:00:00Z"},
		{"02:30 into the gap is 03:30", "Europe/Paris", "2026-02-28T01:30:00Z", "13mo", "2027-03-28T01:30:00Z"},
		{"02:00 into the gap is 03:00", "Europe/Paris", "2026-02-28T01:00:00Z", "13mo", "2027-03-28T01:00:00Z"},
		{"a last nanosecond before the gap stays", "Europe/Paris", "2026-02-28T00:59:59Z", "13mo", "2027-03-28T00:59:59Z"},
		{"03:00 ends the gap", "Europe/Paris", "2026-02-28T02:00:00Z", "13mo", "2027-03-28T01:00:00Z"},
		{"02:30 in the fold is the first", "Europe/Paris", "2026-09-25T00:30:00Z", "1mo", "2026-10-25T00:30:00Z"},
		{"from the second 02:30 of a fold", "Europe/Paris", "2026-10-25T01:30:00Z", "1mo", "2026-11-25T01:30:00Z"},
		{"from the second 02:30 of a fold to summer", "Europe/Paris", "2026-10-25T01:30:00Z", "1y", "2027-10-25T00:30:00Z"},
		{"a gap of half an hour", "Australia/Lord_Howe", "2026-09-03T15:45:00Z", "1mo", "2026-10-03T15:45:00Z"},
		{"midnight into a gap at midnight", "America/Sao_Paulo", "2018-10-04T03:00:00Z", "1mo", "2018-11-04T03:00:00Z"},
		{"a day that the zone left out", "Pacific/Apia", "2011-11-30T20:00:00Z", "1mo", "2011-12-30T20:00:00Z"},
	} {
		got := duration(t, test.add).AddTo(instant(t, test.from), zone(t, test.zone))
		if want := instant(t, test.want); !got.Equal(want) {
			t.Errorf("%s: %s + %s in %s = %v, want %v", test.why, test.from, test.add, test.zone, got.UTC(), want)
		}
	}
}

func TestBefore(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ why, zone, from, less, want string }{
		{"minutes", "UTC", "2026-11-22T10:00:00Z", "90min", "2026-11-22T08:30:00Z"},
		{"a day is 24 hours", "Europe/Paris", "2026-03-29T12:00:00Z", "1d", "2026-03-28T12:00:00Z"},
		{"a month", "Europe/Paris", "2026-11-15T09:00:00Z", "1mo", "2026-10-15T08:00:00Z"},
		{"31 March", "UTC", "2026-03-31T10:00:00Z", "1mo", "2026-02-28T10:00:00Z"},
		{"29 February", "UTC", "2028-02-29T10:00:00Z", "1y", "2027-02-28T10:00:00Z"},
		{"over the year's beginning", "UTC", "2026-01-22T10:00:00Z", "2mo", "2025-11-22T10:00:00Z"},
	} {
		got := duration(t, test.less).Before(instant(t, test.from), zone(t, test.zone))
		if want := instant(t, test.want); !got.Equal(want) {
			t.Errorf("%s: %s - %s in %s = %v, want %v", test.why, test.from, test.less, test.zone, got.UTC(), want)
		}
	}
}

func TestWithinBoundaries(t *testing.T) {
	t.Parallel()
	paris := zone(t, "Europe/Paris")
	from := instant(t, "2026-10-20T09:00:00Z")
	for _, text := range []string{"0d", "1min", "20h", "7d", "1mo", "2y"} {
		d := duration(t, text)
		end := d.AddTo(from, paris)
		for at, within := range map[time.Time]bool{
			end.Add(-time.Nanosecond): true, end: false, end.Add(time.Nanosecond): false,
		} {
			if d.Within(from, at, paris) != within || d.Passed(from, at, paris) == within {
				t.Errorf("%s from %v at %v: within is not %v", text, from, at, within)
			}
		}
	}
}

func TestAddToProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc, from, d := drawZone(t), drawInstant(t, "from"), drawDuration(t)
		got := d.AddTo(from, loc)
		if got.Before(from) || d.Before(from, loc).After(from) {
			t.Fatalf("%v + %v goes back to %v", from, d, got)
		}
		// A zone moves its clocks by at most a day (Apia in 2011).
		const slack = 24 * time.Hour
		if length := got.Sub(from); length < d.Shortest()-slack || length > d.Longest()+slack {
			t.Fatalf("%v lasts %v from %v", d, length, from)
		}
		if exact, ok := d.Exact(); ok && got.Sub(from) != exact {
			t.Fatalf("%v lasts %v from %v", d, got.Sub(from), from)
		}
		if !d.Within(from, got.Add(-1), loc) || d.Within(from, got, loc) {
			t.Fatalf("%v from %v does not end at %v", d, from, got)
		}
		if later := d.AddTo(from.Add(slack), loc); later.Before(got) {
			t.Fatalf("%v a day later ends earlier: %v, %v", d, later, got)
		}
	})
}

// A month or year keeps the clock on the wall whenever that clock exists; this
// oracle asks time.Date, which decides gaps and folds in its own way.
func TestCalendarUnitsKeepTheWallClock(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		loc, from := drawZone(t), drawInstant(t, "from")
		d, err := calendar.NewDuration(rapid.IntRange(1, 100).Draw(t, "months"), calendar.Months)
		if err != nil {
			t.Fatal(err)
		}
		got, local := d.AddTo(from, loc), from.In(loc)
		wall := time.Date(got.Year(), got.Month(), got.Day(), local.Hour(), local.Minute(), local.Second(), 0, loc)
		exists := wall.Hour() == local.Hour() && wall.Minute() == local.Minute() && wall.Day() == got.Day()
		if exists && (got.Hour() != local.Hour() || got.Minute() != local.Minute()) {
			t.Fatalf("%v + %v = %v, though %v exists", local, d, got, wall)
		}
		if exists && got.After(wall) {
			t.Fatalf("%v + %v = %v, though %v is earlier", local, d, got, wall)
		}
	})
}
