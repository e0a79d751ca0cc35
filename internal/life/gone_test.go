package life_test

import (
	"context"
	"testing"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/life"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// always fails every outside call.
type always struct{}

func (always) Next(context.Context, faults.Call) faults.Mode { return faults.Before }

func TestGone(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Steward(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	day, err := catalogue.Open(t.Context(), db, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: "2026-11-22", Attempt: ids.New("att"), Owner: "test", OpenedAt: at(0),
	})
	if err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"kept", "gone"} {
		if err := catalogue.Announce(t.Context(), db, catalogue.Object{Backup: day.ID, Attempt: day.Attempt, Name: name, Kind: "archive"}); err != nil {
			t.Fatal(err)
		}
	}

	if err := catalogue.RecordOrphanGone(t.Context(), db, "gone", at(9)); err != nil {
		t.Fatal(err)
	}

	gone, err := life.Gone(t.Context(), db, day.ID)
	if err != nil || len(gone) != 1 || gone["gone"].Sub(at(9)).Abs() > 1000 {
		t.Errorf("%v, %v", gone, err)
	}

	if _, err := life.Gone(faults.With(t.Context(), always{}), db, day.ID); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}
