package prune_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/calendar"
	"steward/internal/prune"
)

const week = 7 * 24 * time.Hour

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func TestEdges(t *testing.T) {
	t.Parallel()

	younger := prune.Held{ID: "young", Database: "app", SnapshotAt: at(20, 2), Drilled: true}
	old := prune.Held{ID: "old", Database: "app", SnapshotAt: at(10, 2), Drilled: true}

	for _, test := range []struct {
		name          string
		held          []prune.Held
		keepLast      bool
		asOf          time.Time
		del, excepted bool
		reason        string
	}{
		{"an instant before", []prune.Held{old, younger}, true, at(17, 2).Add(-1), false, false, "stored for 7 days from its snapshot, until 2026-11-17 02:00 UTC"},
		{"the instant", []prune.Held{old, younger}, true, at(17, 2), true, false, "its 7 days were over at 2026-11-17 02:00 UTC"},
		{"alone", []prune.Held{old}, true, at(17, 2), false, true, "was due at 2026-11-17 02:00 UTC, but it is the newest proven backup of app: kept as an exception until there is a younger one"},
		{"alone, ceiling honoured", []prune.Held{old}, false, at(17, 2), true, false, "its 7 days were over at 2026-11-17 02:00 UTC"},
		{"alone, never drilled", []prune.Held{{ID: "old", Database: "app", SnapshotAt: at(10, 2)}}, true, at(18, 2), true, false, "its 7 days were over at 2026-11-17 02:00 UTC"},
		{"a younger one of another database", []prune.Held{old, {ID: "x", Database: "steward", SnapshotAt: at(20, 2), Drilled: true}}, true, at(17, 2), false, true, "was due at 2026-11-17 02:00 UTC, but it is the newest proven backup of app: kept as an exception until there is a younger one"},
		{"a younger one that is not drilled", []prune.Held{old, {ID: "x", Database: "app", SnapshotAt: at(20, 2)}}, true, at(17, 2), false, true, "was due at 2026-11-17 02:00 UTC, but it is the newest proven backup of app: kept as an exception until there is a younger one"},
		{"nothing stored yet", []prune.Held{{ID: "old", Database: "app", OpenedAt: at(10, 2), Drilled: true}}, true, at(17, 2).Add(-1), false, false, "nothing whole is stored yet; what was left goes at 2026-11-17 02:00 UTC"},
		{"nothing ever stored", []prune.Held{{ID: "old", Database: "app", OpenedAt: at(10, 2)}}, true, at(17, 2), true, false, "nothing whole was ever stored; what was left was due at 2026-11-17 02:00 UTC"},
	} {
		got := prune.Decide(test.held, prune.Rule{Keep: keep(t, "7d"), Zone: time.UTC, KeepLastDrilled: test.keepLast}, test.asOf)[0]

		want := prune.Decision{ID: "old", Delete: test.del, Exception: test.excepted, Due: at(17, 2), Reason: test.reason}

		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func keep(t testing.TB, text string) calendar.Duration {
	t.Helper()

	parsed, err := calendar.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}

	return parsed
}

func TestMonthsAreCountedInTheCompanysZone(t *testing.T) {
	t.Parallel()

	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}

	snapshot := time.Date(2026, 10, 15, 12, 0, 0, 0, time.UTC) // summer time there
	got := prune.Decide([]prune.Held{{ID: "a", Database: "app", SnapshotAt: snapshot}}, prune.Rule{Keep: keep(t, "1mo"), Zone: paris}, snapshot)

	if want := time.Date(2026, 11, 15, 13, 0, 0, 0, time.UTC); !got[0].Due.Equal(want) {
		t.Errorf("due %v, want %v", got[0].Due, want)
	}
}

func TestProperties(t *testing.T) {
	t.Parallel()

	sevenDays := keep(t, "7d")

	rapid.Check(t, func(t *rapid.T) {
		held := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) prune.Held {
			return prune.Held{
				Database: rapid.SampledFrom([]string{"app", "steward"}).Draw(t, "database"), Drilled: rapid.Bool().Draw(t, "drilled"),
				SnapshotAt: at(1, 0).Add(time.Duration(rapid.IntRange(0, 480).Draw(t, "hour")) * time.Hour),
			}
		}), 0, 12).Draw(t, "held")
		for i := range held {
			held[i].ID = strconv.Itoa(i)
		}

		rule := prune.Rule{Keep: sevenDays, Zone: time.UTC, KeepLastDrilled: rapid.Bool().Draw(t, "keepLast")}
		asOf := at(1, 0).Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "asOf")) * time.Hour)

		keptDrilled, hadDrilled := map[string]bool{}, map[string]bool{}

		for i, decision := range prune.Decide(held, rule, asOf) {
			age := asOf.Sub(held[i].SnapshotAt)
			if decision.Delete && age < week {
				t.Fatalf("below the floor: %+v", decision)
			}

			if !decision.Delete && !decision.Exception && age >= week {
				t.Fatalf("above the ceiling without an exception: %+v", decision)
			}

			if decision.Exception && (!rule.KeepLastDrilled || !held[i].Drilled || age < week) {
				t.Fatalf("an exception without ground: %+v", decision)
			}

			hadDrilled[held[i].Database] = hadDrilled[held[i].Database] || held[i].Drilled
			keptDrilled[held[i].Database] = keptDrilled[held[i].Database] || held[i].Drilled && !decision.Delete
		}

		for database := range hadDrilled {
			if rule.KeepLastDrilled && hadDrilled[database] && !keptDrilled[database] {
				t.Fatalf("no proven backup of %s is left", database)
			}
		}
	})
}
