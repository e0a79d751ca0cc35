package due_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

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

func ExampleWindow_Day() {
	zone := time.FixedZone("Paris in winter", 3600)
	window := due.Window{Zone: zone, CatchUp: 20 * time.Hour}

	day, err := window.Day(time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC), time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC))
	fmt.Println(day, err)
	// Output: 2026-11-22 <nil>
}
