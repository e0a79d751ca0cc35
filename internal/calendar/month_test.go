package calendar_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
)

func TestMonth(t *testing.T) {
	t.Parallel()
	for text, last := range map[string]string{
		"2026-11": "2026-11-30", "2026-12": "2026-12-31", "2024-02": "2024-02-29", "2026-02": "2026-02-28", "9999-12": "9999-12-31",
	} {
		month, err := calendar.ParseMonth(text)
		if err != nil || month.String() != text || month.IsZero() {
			t.Errorf("%s: %v, %v", text, month, err)
		}
		if month.First().String() != text+"-01" || month.Last().String() != last {
			t.Errorf("%s: from %s to %s", text, month.First(), month.Last())
		}
		for day, held := range map[calendar.Day]bool{
			month.First(): true, month.Last(): true, month.First().Next(): true,
			month.First().Previous(): false, month.Last().Next(): false,
		} {
			if month.Holds(day) != held {
				t.Errorf("%s holds %s: %v", text, day, !held)
			}
		}
	}
}

func TestNoMonth(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "26-01", "2026-11-01", " 2026-11", "0000-01", "-001-01", "２０２６-11", "../2026-11"} {
		if month, err := calendar.ParseMonth(text); !errors.Is(err, calendar.ErrNotAMonth) || !month.IsZero() || month.String() != "" {
			t.Errorf("%q: %v, %v", text, month, err)
		}
	}
}

// A month begins at midnight where the company is.
func TestMonthOf(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC)
	november, err := calendar.ParseMonth("2026-11")
	if err != nil {
		t.Fatal(err)
	}
	if got := calendar.MonthOf(at, paris); !cmp.Equal(november, got) || cmp.Equal(november, calendar.MonthOf(at, time.UTC)) {
		t.Errorf("%s", got)
	}
}
