package ownrecords_test

import (
	"testing"
	"time"

	"steward/internal/ownrecords"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// TestTheOldestOfEveryTable looks with the rights of the core role at a day that nobody
// ended, and again after its end.
func TestTheOldestOfEveryTable(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)
	core := as(t, url, "steward_core")

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	look := func(asOf time.Time) []ownrecords.Late {
		t.Helper()

		found, err := ownrecords.Oldest(t.Context(), core, asOf)
		if err != nil || len(found) != len(ownrecords.Tables()) {
			t.Fatalf("%+v, %v", found, err)
		}

		return found
	}

	for _, late := range look(at()) {
		if !late.Since.IsZero() || late.For(at()) != 0 {
			t.Errorf("an empty table: %+v", late)
		}
	}

	fill(t, db)

	// The first row of each ends a 2,500th of the day after noon.
	first, asOf := at().Add(24*time.Hour/rows), at().Add(6*time.Hour)

	for i, late := range look(asOf) {
		if late.Table != ownrecords.Tables()[i].Name || late.Since.Sub(first).Abs() > time.Millisecond || late.For(asOf) != asOf.Sub(late.Since) {
			t.Errorf("%+v", late)
		}
	}

	// Nothing has come to its end, and the task that waits for somebody has none.
	for _, late := range look(at()) {
		if !late.Since.IsZero() {
			t.Errorf("before any end: %+v", late)
		}
	}

	if _, err := ownrecords.Expire(t.Context(), core, asOf, func(int64) {}); err != nil {
		t.Fatal(err)
	}

	for _, late := range look(asOf) {
		if !late.Since.IsZero() {
			t.Errorf("after the end of what was past it: %+v", late)
		}
	}
}
