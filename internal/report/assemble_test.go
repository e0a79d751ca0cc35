package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/evidence/entries"
	"steward/internal/ledger"
	"steward/internal/report"
)

const exception = ledger.BackupExcepted

func utc(month time.Month, day, hour, minute int) time.Time {
	return time.Date(2026, month, day, hour, minute, 0, 0, time.UTC)
}

// later is an instant by which everything of November 2026 is over.
func later() time.Time { return utc(12, 20, 12, 0) }

func nov(day int) calendar.Day { return calendar.NewDay(2026, 11, day) }

func TestAMonthAsPromised(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.days("app", nov(-2), calendar.NewDay(2026, 12, 12), nil)
	w.seal(0)

	made := w.assemble()
	database := made.Databases[0]

	if !made.Holds || !made.Over || len(database.Days) != 30 || made.Ledger.Waiting != 0 {
		t.Errorf("holds %v, over %v, %d days", made.Holds, made.Over, len(database.Days))
	}

	want := report.Totals{Due: 30, Proven: 30, Pruned: 30, Bytes: database.Totals.Bytes}
	if diff := cmp.Diff(want, database.Totals); diff != "" {
		t.Error(diff)
	}

	if database.RPO.LargestSeconds != 24*3600 || database.RPO.NowSeconds != 20*3600+30*60-4 {
		t.Errorf("%+v", database.RPO)
	}

	if database.RTO.Drills != 30 || database.RTO.P50MS <= 90_000 || database.RTO.MaxMS <= database.RTO.P50MS {
		t.Errorf("%+v", database.RTO)
	}

	for _, day := range database.Days {
		if day.State != report.Proven || codes(day) != "" || day.TakenEntry == "" || day.DrilledEntry == "" || day.PrunedEntry == "" {
			t.Errorf("%+v", day)
		}
	}

	// Three entries for each day, and two for the snapshot before the month.
	if len(made.Entries) != 30*3+2 {
		t.Errorf("%d entries are cited", len(made.Entries))
	}
}

// What a day's story becomes: its state, and its findings by code.
func TestDays(t *testing.T) {
	t.Parallel()

	const (
		day     = "2026-11-10"
		nothing = "missed!" + " unproven!" + " unproven!" + " unproven!" // the words repeat, as the findings do
	)

	for name, c := range map[string]struct {
		how    plan
		change func(w *world)
		state  report.State
		codes  string
	}{
		"as promised":                            {state: report.Proven},
		"never opened":                           {how: plan{unopened: true}, state: report.Missed, codes: "missed! no_run"},
		"never drilled":                          {how: plan{undrilled: true}, state: report.Missed, codes: "missed!"},
		"drilled late":                           {how: plan{drilled: 3 * time.Hour}, state: report.Proven, codes: "late"},
		"drilled just right":                     {how: plan{drilled: 2*time.Hour - 7*time.Minute - 4*time.Second}, state: report.Proven},
		"taken late":                             {how: plan{late: 19 * time.Hour}, state: report.Proven, codes: "late"},
		"pruned late":                            {how: plan{pruned: 3 * time.Hour}, state: report.Proven, codes: "above_ceiling!"},
		"pruned just in time":                    {how: plan{pruned: 110 * time.Minute}, state: report.Proven},
		"pruned too late":                        {how: plan{pruned: 110*time.Minute + 1}, state: report.Proven, codes: "above_ceiling!"},
		"an end of before":                       {how: plan{old: true}, state: report.Proven, codes: "keep_assumed"},
		"an end of before, early":                {how: plan{old: true, pruned: -11 * time.Minute}, state: report.Proven, codes: "below_floor! keep_assumed"},
		"pruned under a shorter time of keeping": {how: plan{keep: 5 * 24 * time.Hour, pruned: -2 * 24 * time.Hour}, state: report.Proven},
		"pruned under a longer one":              {how: plan{keep: 9 * 24 * time.Hour, pruned: 2 * 24 * time.Hour}, state: report.Proven},
		"pruned under a longer one, early":       {how: plan{keep: 9 * 24 * time.Hour}, state: report.Proven, codes: "below_floor!"},
		"never pruned":                           {how: plan{kept: true}, state: report.Proven, codes: "above_ceiling!"},
		"pruned early":                           {how: plan{pruned: -11 * time.Minute}, state: report.Proven, codes: "below_floor!"},
		"pruned at the floor":                    {how: plan{pruned: -10 * time.Minute}, state: report.Proven},
		"bad and gone early":                     {how: plan{undrilled: true, pruned: -time.Hour}, state: report.Missed, codes: "missed!"},

		"nobody knows of its storing": {how: plan{lies: []ledger.Kind{ledger.BackupStored}}, state: report.Missed, codes: "missed! unproven!"},
		"nobody knows of its drill":   {how: plan{lies: []ledger.Kind{ledger.BackupDrilled}}, state: report.Missed, codes: "missed! unproven!"},
		"nobody has a receipt":        {how: plan{lies: []ledger.Kind{ledger.BackupPruned}}, state: report.Proven, codes: "unproven!"},
		"the catalogue moved its drill": {state: report.Missed, codes: "missed! unproven!", change: func(w *world) {
			w.find("app", day).DrilledAt = w.find("app", day).DrilledAt.Add(-time.Minute)
		}},
		"the catalogue moved its snapshot": {state: report.Missed, codes: "missed! unproven!", change: func(w *world) {
			w.find("app", day).SnapshotAt = w.find("app", day).SnapshotAt.Add(-time.Minute)
		}},
		"the catalogue has another manifest": {state: report.Missed, codes: nothing, change: func(w *world) {
			w.find("app", day).ManifestSHA256 = strings.Repeat("1", 64)
		}},
		"another day's entries": {state: report.Missed, codes: nothing, change: func(w *world) {
			w.find("app", day).ID = w.find("app", "2026-11-11").ID
		}},
		"found bad later": {state: report.Missed, codes: "missed! above_ceiling!", change: func(w *world) { w.find("app", day).State = "bad" }},

		"refused and taken again": {how: plan{kept: true}, state: report.Proven, codes: "above_ceiling! refused retaken", change: func(w *world) {
			row := *w.find("app", day)
			first := row
			first.ManifestSHA256, first.SnapshotAt = strings.Repeat("2", 64), row.SnapshotAt.Add(-time.Hour)
			w.facts.Entries = append([]entries.Entry{}, w.facts.Entries...)
			before := w.facts.Entries
			w.facts.Entries = nil
			w.entry(ledger.BackupStored, first, row.TakenAt.Add(-time.Hour), plan{})
			w.entry(ledger.BackupRefused, first, row.TakenAt.Add(-30*time.Minute), plan{})
			w.facts.Entries = append(w.facts.Entries, before...)
		}},
		"at work again": {state: report.Missed, codes: "missed! above_ceiling!", change: func(w *world) { w.find("app", day).State = "running" }},
		"a kind that nobody knows": {state: report.Proven, codes: "recorded", change: func(w *world) {
			w.entry("backup.polished", *w.find("app", day), utc(11, 12, 0, 0), plan{})
		}},
		"kept under an exception, and gone once a younger one was proven": {
			how: plan{pruned: 16*time.Hour + 6*time.Minute}, state: report.Proven, codes: "exception",
			change: func(w *world) { stop(w, day) },
		},
		"an object was lost": {state: report.Proven, codes: "lost!", change: func(w *world) {
			w.entry(ledger.BackupMissing, *w.find("app", day), utc(11, 12, 2, 31), plan{})
		}},
		"an object stayed too long": {state: report.Proven, codes: "overdue!", change: func(w *world) {
			w.entry(ledger.BackupOverdue, *w.find("app", day), utc(11, 17, 5, 31), plan{})
		}},
		"kept under an exception, and then too long": {
			how: plan{pruned: 30 * time.Hour}, state: report.Proven, codes: "above_ceiling! exception",
			change: func(w *world) { stop(w, day) },
		},
		"an exception though a younger one was there": {
			how: plan{pruned: 3 * time.Hour}, state: report.Proven, codes: "above_ceiling! exception",
			change: func(w *world) { w.entry(exception, *w.find("app", day), utc(11, 17, 2, 31), plan{}) },
		},
		"kept under an exception that lasts": {how: plan{kept: true}, state: report.Proven, codes: "exception", change: func(w *world) {
			w.facts.Backups = w.facts.Backups[:10] // the 10th is the last
			w.entry(exception, *w.find("app", day), utc(11, 17, 2, 31), plan{})
		}},
	} {
		w := newWorld(t, "2026-11", later(), "app")
		w.whole("app", map[int]plan{10: c.how})

		if c.change != nil {
			c.change(w)
		}

		w.seal(0)

		got := dayOf(w.assemble(), "app", day)
		if got.State != c.state || codes(got) != c.codes {
			t.Errorf("%s: %s %q instead of %s %q", name, got.State, codes(got), c.state, c.codes)
		}
	}
}

// stop lets backups stop after a day for more than the time of keeping; the day's
// own is kept under an exception until the next, drilled on the 18th at 18:37.
func stop(w *world, day string) {
	w.Helper()

	row := *w.find("app", day)

	var kept []report.Backup

	for _, each := range w.facts.Backups {
		if !each.SnapshotAt.After(row.SnapshotAt) {
			kept = append(kept, each)
		}
	}

	w.facts.Backups = kept
	w.entry(exception, row, utc(11, 17, 2, 31), plan{})
	w.day("app", nov(17), plan{late: 16 * time.Hour})
}
