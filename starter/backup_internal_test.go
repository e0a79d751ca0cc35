package main

import (
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/console"
)

// What is recorded beside a backup's row is said beside it.
func TestNotes(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	a := &app{console: &console.Console{Zone: time.UTC}}
	when := a.console.When(at)
	open := catalogue.Exception{Since: at}
	ended := catalogue.Exception{Since: at, EndedAt: at}

	for _, c := range []struct {
		reason string
		beside standing
		want   string
	}{
		{"", standing{}, ""},
		{"over", standing{excepted: map[string]catalogue.Exception{"b": ended}}, "over"},
		{"", standing{excepted: map[string]catalogue.Exception{"b": open}}, "kept beyond its time as an exception since " + when},
		{
			"content_differs",
			standing{excepted: map[string]catalogue.Exception{"b": open}, missing: map[string]time.Time{"b": at}},
			"content_differs; kept beyond its time as an exception since " + when + "; objects of it are missing from the bucket since " + when,
		},
	} {
		if got := a.notes(c.beside.rowOf(catalogue.Backup{ID: "b", Reason: c.reason})); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
