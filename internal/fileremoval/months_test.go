package fileremoval_test

import (
	"testing"
	"time"

	"steward/internal/calendar"
	"steward/internal/filestest"
)

// Kept for a month, a day of 30 January stays until the evening of 28 February, and
// the next day's goes that morning: what both name stays with the older one, and
// nothing of it is called late.
func TestAContentStaysWithAnOlderDayInMonths(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)

	keep, err := calendar.ParseDuration("1mo")
	if err != nil {
		t.Fatal(err)
	}

	b.Remover.Rule.Keep, b.Remover.Rule.KeepLastDrilled = keep, false
	at := func(when time.Time) { b.Clock.Advance(when.Sub(b.Clock.Now())) }

	at(time.Date(2027, 1, 30, 22, 0, 0, 0, time.UTC))
	b.Write(t, "a", "a")
	b.Drilled(t)
	at(time.Date(2027, 1, 31, 2, 0, 0, 0, time.UTC))
	b.Drilled(t)

	at(time.Date(2027, 2, 28, 3, 0, 0, 0, time.UTC))

	if result := b.Prune(t); result.Removed != 1 || result.Kept != 1 || result.Contents != 0 || len(b.Names(t, "uploads/contents/")) != 1 {
		t.Errorf("%+v", result)
	}

	at(time.Date(2027, 2, 28, 22, 30, 0, 0, time.UTC))

	if result := b.Prune(t); result.Removed != 1 || result.Contents != 1 || result.Late != 0 || len(b.Names(t, "")) != 0 {
		t.Errorf("%+v", result)
	}

	if late := b.Strings(t, `select name from file_overdue`); len(late) != 0 {
		t.Error(late)
	}
}
