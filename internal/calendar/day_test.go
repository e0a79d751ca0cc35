package calendar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the tests, on any machine

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("loading zone: %v", err)
	}
	return loc
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("parsing instant: %v", err)
	}
	return at
}

func ExampleDayOf() {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		fmt.Println(err)
		return
	}
	at := time.Date(2026, time.November, 22, 23, 30, 0, 0, time.UTC)
	fmt.Println(calendar.DayOf(at, paris), calendar.DayOf(at, time.UTC))
	// Output: 2026-11-23 2026-11-22
}

func TestParseDay(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-11-22", "2024-02-29", "0001-01-01", "9999-12-31"} {
		day, err := calendar.ParseDay(text)
		if err != nil || day.String() != text {
			t.Errorf("ParseDay(%q) = %v, %v", text, day, err)
		}
	}
	for _, text := range []string{"", "2026-2-1", "2026-02-29", "2026-13-01", "22.11.2026", "2026-11-22T00:00:00Z", " 2026-11-22"} {
		day, err := calendar.ParseDay(text)
		if !errors.Is(err, calendar.ErrNotADay) || !day.IsZero() {
			t.Errorf("ParseDay(%q) = %v, %v, want ErrNotADay", text, day, err)
		}
	}
}

func TestDayOrderAndSteps(t *testing.T) {
	t.Parallel()
	leap := calendar.NewDay(2024, time.February, 28)
	if got := leap.Next().String(); got != "2024-02-29" {
		t.Errorf("Next = %s", got)
	}
	if got := calendar.NextDay(leap.Next()).String(); got != "2024-03-01" {
		t.Errorf("NextDay = %s", got)
	}
	if got := calendar.NewDay(2026, time.January, 1).Previous().String(); got != "2025-12-31" {
		t.Errorf("Previous = %s", got)
	}
	if got := calendar.NewDay(2026, time.April, 31).String(); got != "2026-05-01" {
		t.Errorf("NewDay normalised = %s", got)
	}
	if !leap.Before(leap.Next()) || leap.Before(leap) || !leap.Next().After(leap) || leap.After(leap) {
		t.Error("Before and After do not order days")
	}
	if !leap.Equal(leap.Next().Previous()) || leap.Equal(leap.Next()) {
		t.Error("Equal does not compare days")
	}
}

func TestDayMarshalling(t *testing.T) {
	t.Parallel()
	type record struct {
		Day  calendar.Day `json:"day"`
		None calendar.Day `json:"none,omitzero"`
		Zero calendar.Day `json:"zero"`
	}
	want := record{Day: calendar.NewDay(2026, time.November, 22)}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != `{"day":"2026-11-22","zero":""}` {
		t.Errorf("JSON = %s", got)
	}
	var got record
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("round trip (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"day":"tomorrow"}`), &got); !errors.Is(err, calendar.ErrNotADay) {
		t.Errorf("a bad day gives %v", err)
	}
	for _, year := range []int{-1, 10_000} {
		if _, err := calendar.NewDay(year, time.January, 1).MarshalText(); !errors.Is(err, calendar.ErrNotADay) {
			t.Errorf("year %d gives %v", year, err)
		}
	}
}

func TestDayProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		day := calendar.NewDay(rapid.IntRange(1, 9000).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")),
			rapid.IntRange(1, 31).Draw(t, "day"))
		n := rapid.IntRange(-40_000, 40_000).Draw(t, "n")
		later := day.AddDays(n)
		if day.DaysUntil(later) != n || !later.AddDays(-n).Equal(day) {
			t.Fatalf("%v + %d days = %v", day, n, later)
		}
		if (n > 0) != later.After(day) || (n < 0) != later.Before(day) {
			t.Fatalf("order of %v and %v", day, later)
		}
		text, err := day.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again calendar.Day
		if err := again.UnmarshalText(text); err != nil || again != day {
			t.Fatalf("%s read as %v: %v", text, again, err)
		}
		// The written form sorts as the days do.
		if day.Before(day.Next()) != (day.String() < day.Next().String()) {
			t.Fatalf("text order of %v", day)
		}
	})
}
