package calendar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"steward/internal/calendar"
)

func TestTimeOfDay(t *testing.T) {
	t.Parallel()
	day := calendar.NewDay(2026, time.November, 22)
	for hour := range 24 {
		for minute := range 60 {
			text := fmt.Sprintf("%02d:%02d", hour, minute)
			at, err := calendar.ParseTimeOfDay(text)
			if err != nil || at.String() != text || at.Hour() != hour || at.Minute() != minute {
				t.Fatalf("ParseTimeOfDay(%q) = %v, %v", text, at, err)
			}
			if got, want := at.On(day), time.Date(2026, time.November, 22, hour, minute, 0, 0, time.UTC); !got.Equal(want) {
				t.Fatalf("%s on %v = %v", text, day, got)
			}
		}
	}
	for _, text := range []string{"", "2:30", "02:60", "24:00", "02.30", "02:30:00", "0230", "2:30 "} {
		if at, err := calendar.ParseTimeOfDay(text); !errors.Is(err, calendar.ErrNotATime) || at != (calendar.TimeOfDay{}) {
			t.Errorf("ParseTimeOfDay(%q) = %v, %v", text, at, err)
		}
	}
}

func TestTimeOfDayAfter(t *testing.T) {
	t.Parallel()
	at, err := calendar.ParseTimeOfDay("02:30")
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{
		"2026-11-22T02:29:59Z":      "2026-11-22T02:30:00Z",
		"2026-11-22T02:30:00Z":      "2026-11-23T02:30:00Z",
		"2026-11-22T02:30:01Z":      "2026-11-23T02:30:00Z",
		"2026-11-23T01:00:00+09:00": "2026-11-23T02:30:00Z",
	} {
		if got := at.After(instant(t, from)); !got.Equal(instant(t, want)) {
			t.Errorf("after %s comes %v, want %s", from, got, want)
		}
	}
}

func TestTimeOfDayMarshalling(t *testing.T) {
	t.Parallel()
	var got struct{ At calendar.TimeOfDay }
	if err := json.Unmarshal([]byte(`{"At":"02:30"}`), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil || string(text) != `{"At":"02:30"}` {
		t.Errorf("JSON = %s, %v", text, err)
	}
	if got.At.Equal(calendar.TimeOfDay{}) || !got.At.Equal(clockOf(t, "02:30")) {
		t.Error("Equal does not compare")
	}
	if err := json.Unmarshal([]byte(`{"At":"noon"}`), &got); !errors.Is(err, calendar.ErrNotATime) {
		t.Errorf("a bad time gives %v", err)
	}
}

func clockOf(t *testing.T, text string) calendar.TimeOfDay {
	t.Helper()
	at, err := calendar.ParseTimeOfDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
