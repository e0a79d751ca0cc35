package due_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/calendar"
	"steward/internal/due"
	"steward/internal/failure"
)

func paris(t interface{ Fatal(...any) }) *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}

	return zone
}

func TestDay(t *testing.T) {
	t.Parallel()

	window := due.Window{Zone: paris(t), CatchUp: 20 * time.Hour}
	now := time.Date(2026, 11, 22, 22, 59, 0, 0, time.UTC)

	for _, c := range []struct {
		scheduled time.Time
		want      string // empty is refused
	}{
		{time.Time{}, "2026-11-22"},
		{now, "2026-11-22"},
		{now.Add(5 * time.Minute), "2026-11-23"}, // four minutes past midnight in Paris
		{now.Add(5*time.Minute + 1), ""},
		{now.Add(-21 * time.Hour), "2026-11-22"},
		{now.Add(-21*time.Hour - 1), ""},
		{time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{time.Unix(0, 0), ""},
	} {
		day, err := window.Day(c.scheduled, now)
		if c.want == "" && !failure.Is(err, failure.DayRefused) || c.want != "" && (err != nil || day.String() != c.want) {
			t.Errorf("%s: %s, %v", c.scheduled, day, err)
		}
	}
}

// What is accepted lies within the window, and its day is that of its own time.
func TestDayLiesInTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		window := due.Window{Zone: paris(t), CatchUp: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "catch up"))}
		now := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "now"), 0)
		off := time.Duration(rapid.Int64Range(int64(-72*time.Hour), int64(time.Hour)).Draw(t, "off"))

		day, err := window.Day(now.Add(off), now)
		if inside := off <= 5*time.Minute && off >= -window.CatchUp-time.Hour; (err == nil) != inside {
			t.Fatalf("%s off: %v", off, err)
		}

		if err == nil && day.String() != now.Add(off).In(window.Zone).Format(time.DateOnly) {
			t.Fatal(day)
		}
	})
}

func at(t interface{ Fatal(...any) }, text string) calendar.TimeOfDay {
	at, err := calendar.ParseTimeOfDay(text)
	if err != nil {
		t.Fatal(err)
	}

	return at
}

func TestARunByHandIsOfTheDayWhoseScheduleCameLast(t *testing.T) {
	t.Parallel()

	for _, c := range []struct{ at, now, want string }{
		{"02:30", "2026-11-22T23:10:00Z", "2026-11-22"}, // ten past midnight in Paris
		{"02:30", "2026-11-23T02:29:59Z", "2026-11-22"},
		{"02:30", "2026-11-23T02:30:00Z", "2026-11-23"},
		{"23:30", "2026-11-22T23:29:59Z", "2026-11-22"}, // that of half past midnight in Paris, a day ago
		{"23:30", "2026-11-22T23:30:00Z", "2026-11-23"},
		{"00:00", "2026-11-22T00:00:00Z", "2026-11-22"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}

		window := due.Window{Zone: paris(t), At: at(t, c.at), CatchUp: 20 * time.Hour}

		if day, err := window.Day(time.Time{}, now); err != nil || day.String() != c.want || window.Today(now) != day {
			t.Errorf("at %s, now %s: %s, %v", c.at, c.now, day, err)
		}
	}
}

// Whenever somebody asks by hand, the schedule's next run finds its day not done.
// Schedules between 21:00 and midnight are left out: where the clocks change, two
// of their runs can fall on one local day.
func TestARunByHandLeavesTheNextDayToTheSchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 20).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"))
		window := due.Window{Zone: paris(t), At: at(t, text), CatchUp: 20 * time.Hour}
		now := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "now"), 0)
		next := window.At.After(now)

		scheduled, err := window.Day(next, next)
		if err != nil || window.Today(now) == scheduled {
			t.Fatal(window.Today(now), scheduled, err)
		}

		if last, err := window.Day(next.Add(-24*time.Hour), next.Add(-24*time.Hour)); err != nil || window.Today(now) != last {
			t.Fatal(window.Today(now), last, err)
		}
	})
}

func ExampleWindow_Day() {
	zone := time.FixedZone("Paris in winter", 3600)
	window := due.Window{Zone: zone, CatchUp: 20 * time.Hour}

	day, err := window.Day(time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	fmt.Println(day, err)
	// Output: 2026-11-22 <nil>
}

func TestLimits(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)
	window := due.Window{Zone: time.UTC, CatchUp: 20 * time.Hour, DoneWithin: 2 * time.Hour}

	if got := window.DueAt(at); !got.Equal(at.Add(2 * time.Hour)) {
		t.Errorf("due at %s", got)
	}

	for name, c := range map[string]struct{ scheduled, now, want time.Time }{
		"on time":                 {at, at, at.Add(20 * time.Hour)},
		"late":                    {at, at.Add(7 * time.Hour), at.Add(20 * time.Hour)},
		"at the end":              {at, at.Add(20 * time.Hour), at.Add(21 * time.Hour)},
		"as late as is let in":    {at, at.Add(21 * time.Hour), at.Add(22 * time.Hour)},
		"by hand, from now":       {time.Time{}, at.Add(5 * time.Hour), at.Add(25 * time.Hour)},
		"a clock that is ahead":   {at, at.Add(-time.Minute), at.Add(20 * time.Hour)},
		"half an hour to the end": {at, at.Add(19*time.Hour + 30*time.Minute), at.Add(20*time.Hour + 30*time.Minute)},
	} {
		if got := window.EndAt(c.scheduled, c.now); !got.Equal(c.want) {
			t.Errorf("%s: ends at %s, want %s", name, got, c.want)
		}
	}
}

// The day of a schedule leads back to the time by which its backup is due, on
// both sides of UTC.
func TestDueOf(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-12, 14).Draw(t, "zone")*3600)
		at, err := calendar.ParseTimeOfDay(fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")))
		if err != nil {
			t.Fatal(err)
		}

		window := due.Window{Zone: zone, At: at, DoneWithin: 2 * time.Hour}
		scheduled := at.On(calendar.NewDay(2026, 1, 1)).AddDate(0, 0, rapid.IntRange(0, 400).Draw(t, "day"))
		day := calendar.DayOf(scheduled, zone).String()

		if got, known := window.DueOf(day); !known || !got.Equal(window.DueAt(scheduled)) {
			t.Fatalf("%s in %v: due %s, want %s", day, zone, got, window.DueAt(scheduled))
		}
	})

	if _, known := (due.Window{Zone: time.UTC}).DueOf("yesterday"); known {
		t.Error("what is no day has a time")
	}
}
