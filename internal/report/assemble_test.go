package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/promise"
	"steward/internal/report"
)

// exception is a kind that this version does not write.
const exception ledger.Kind = "backup.exception"

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
		"as promised":         {state: report.Proven},
		"never opened":        {how: plan{unopened: true}, state: report.Missed, codes: "missed! no_run"},
		"never drilled":       {how: plan{undrilled: true}, state: report.Missed, codes: "missed!"},
		"drilled late":        {how: plan{drilled: 3 * time.Hour}, state: report.Proven, codes: "late"},
		"drilled just right":  {how: plan{drilled: 2*time.Hour - 7*time.Minute - 4*time.Second}, state: report.Proven},
		"taken late":          {how: plan{late: 19 * time.Hour}, state: report.Proven, codes: "late"},
		"pruned late":         {how: plan{pruned: 3 * time.Hour}, state: report.Proven, codes: "above_ceiling!"},
		"pruned just in time": {how: plan{pruned: 110 * time.Minute}, state: report.Proven},
		"pruned too late":     {how: plan{pruned: 110*time.Minute + 1}, state: report.Proven, codes: "above_ceiling!"},
		"never pruned":        {how: plan{kept: true}, state: report.Proven, codes: "above_ceiling!"},
		"pruned early":        {how: plan{pruned: -11 * time.Minute}, state: report.Proven, codes: "below_floor!"},
		"pruned at the floor": {how: plan{pruned: -10 * time.Minute}, state: report.Proven},
		"bad and gone early":  {how: plan{undrilled: true, pruned: -time.Hour}, state: report.Missed, codes: "missed!"},

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

// A day is due, missed or excused by the clock, and a day of tomorrow is not told.
func TestAMonthThatGoesOn(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		asOf  time.Time
		off   []promise.Interval
		state report.State
		codes string
		days  int
	}{
		"before its time": {asOf: utc(11, 10, 2, 29), days: 9},
		"due":             {asOf: utc(11, 10, 2, 30), state: report.Due, days: 10},
		"still due":       {asOf: utc(11, 10, 22, 29), state: report.Due, days: 10},
		"missed":          {asOf: utc(11, 10, 22, 30), state: report.Missed, codes: "missed! no_run", days: 10},
		"the machine slept": {
			asOf: utc(11, 10, 23, 0), off: []promise.Interval{{From: utc(11, 10, 2, 0), To: utc(11, 10, 20, 31)}},
			state: report.Excused, codes: "no_run excused", days: 10,
		},
		"the machine slept a little": {
			asOf: utc(11, 10, 23, 0), off: []promise.Interval{{From: utc(11, 10, 2, 0), To: utc(11, 10, 20, 30)}},
			state: report.Missed, codes: "missed! no_run", days: 10,
		},
	} {
		w := newWorld(t, "2026-11", c.asOf, "app")
		w.facts.Off = c.off
		w.days("app", nov(1), nov(9), nil)
		w.seal(1)

		made := w.assemble()
		got := dayOf(made, "app", "2026-11-10")

		if got.State != c.state || codes(got) != c.codes || len(made.Databases[0].Days) != c.days || made.Over || len(made.Off) != len(c.off) {
			t.Errorf("%s: %s %q, %d days, over %v", name, got.State, codes(got), len(made.Databases[0].Days), made.Over)
		}

		if made.Ledger.Waiting != 1 {
			t.Errorf("%s: %d wait", name, made.Ledger.Waiting)
		}

		if gap := int64(c.asOf.Sub(w.find("app", "2026-11-09").SnapshotAt) / time.Second); made.Databases[0].RPO.NowSeconds != gap {
			t.Errorf("%s: %d seconds instead of %d", name, made.Databases[0].RPO.NowSeconds, gap)
		}
	}
}

// A steward that was set up on the 12th at noon, and a database that came later.
func TestInstallationWithinTheMonth(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "shop")
	w.facts.InstalledAt = utc(11, 12, 12, 0)
	w.facts.Watched = map[string]time.Time{"app": w.facts.InstalledAt, "shop": utc(11, 20, 8, 0)}
	w.day("app", nov(12), plan{late: 10 * time.Hour}) // by hand, after the set-up
	w.days("app", nov(13), nov(30), nil)
	w.days("shop", nov(21), nov(30), nil)
	w.seal(0)

	made := w.assemble()

	for day, want := range map[string][2]report.State{
		"2026-11-01": {report.NotInstalled, report.NotInstalled},
		"2026-11-11": {report.NotInstalled, report.NotInstalled},
		"2026-11-12": {report.Proven, report.NotInstalled},
		"2026-11-20": {report.Proven, report.NotInstalled},
		"2026-11-21": {report.Proven, report.Proven},
	} {
		app, shop := dayOf(made, "app", day), dayOf(made, "shop", day)
		if app.State != want[0] || shop.State != want[1] {
			t.Errorf("%s: %s and %s", day, app.State, shop.State)
		}
	}

	for i, want := range []report.Totals{
		{Due: 18, Proven: 19, Pruned: 19}, {Due: 10, Proven: 10, Pruned: 10},
	} {
		want.Bytes = made.Databases[i].Totals.Bytes
		if diff := cmp.Diff(want, made.Databases[i].Totals); diff != "" {
			t.Error(made.Databases[i].Name, diff)
		}
	}

	if !made.Holds || !made.Databases[1].WatchedSince.Equal(utc(11, 20, 8, 0)) {
		t.Errorf("%+v", made.Databases[1].WatchedSince)
	}
}

// Around a change of the clocks each day is due once, whatever its length; where
// the backup begins near midnight, one day is due twice and another not at all.
func TestChangesOfTheClocks(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		month, at string
		days      int
		marked    string // the day that is not like the others
		state     report.State
		codes     string
		hours     int64 // from the last snapshot to the end of the month
	}{
		"back":                    {month: "2026-10", at: "02:30", days: 31, hours: 20},
		"forward":                 {month: "2026-03", at: "02:30", days: 31, hours: 19},
		"back, near midnight":     {month: "2026-10", at: "22:30", days: 31, marked: "2026-10-25", state: report.Proven, codes: "twice_due"},
		"forward, near midnight":  {month: "2026-03", at: "22:30", days: 31, marked: "2026-03-29", state: report.NoneDue},
		"winter, as near as that": {month: "2026-02", at: "22:30", days: 28},
	} {
		w := newWorld(t, c.month, utc(12, 31, 0, 0), "app")

		at, err := calendar.ParseTimeOfDay(c.at)
		must(t, err == nil)

		w.facts.Rule.At = at

		done := map[string]bool{}

		for utc := w.facts.Month.First().AddDays(-1); !utc.After(w.facts.Month.Last()); utc = utc.Next() {
			day := calendar.DayOf(at.On(utc), w.facts.Zone)
			if !w.facts.Month.Holds(day) || done[day.String()] {
				continue
			}

			done[day.String()] = true
			w.day("app", utc, plan{})

			row := &w.facts.Backups[len(w.facts.Backups)-1]
			renamed := w.facts.Entries[len(w.facts.Entries)-3:]

			for i := range renamed {
				renamed[i].Body = []byte(strings.ReplaceAll(string(renamed[i].Body), `"day":"`+row.Day.String(), `"day":"`+day.String()))
			}

			row.Day = day
		}

		w.seal(0)

		made := w.assemble()
		if len(made.Databases[0].Days) != c.days || !made.Holds {
			t.Errorf("%s: %d days, holds %v", name, len(made.Databases[0].Days), made.Holds)
		}

		for _, day := range made.Databases[0].Days {
			want, found := report.Proven, ""
			if day.Day == c.marked {
				want, found = c.state, c.codes
			}

			if day.State != want || codes(day) != found {
				t.Errorf("%s: %s is %s %q", name, day.Day, day.State, codes(day))
			}
		}

		if hours := made.Databases[0].RPO.NowSeconds / 3600; c.hours != 0 && hours != c.hours {
			t.Errorf("%s: %d hours to the end of the month", name, hours)
		}
	}
}

// A database that left the policy is told as far as it went; nothing is due.
func TestADatabaseThatLeft(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.whole("app", nil)
	w.days("old", nov(1), nov(3), nil)
	w.days("attic", nov(1), nov(1), nil)
	w.days("ancient", nov(-3), nov(-1), nil)
	w.seal(0)

	made := w.assemble()
	if len(made.Databases) != 3 || made.Databases[1].Name != "attic" || made.Databases[2].Name != "old" {
		t.Fatalf("%d databases", len(made.Databases))
	}

	old := made.Databases[2]
	if old.InPolicy || old.Totals.Proven != 3 || old.Totals.Due != 0 || old.Totals.Missed != 0 || old.Days[3].State != report.NotPromised || !made.Holds {
		t.Errorf("%+v", old)
	}
}

// What the ledger says of the promise itself stands beside the days.
func TestEntriesAboutThePromise(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.whole("app", nil)

	for _, at := range []time.Time{utc(10, 31, 12, 0), utc(11, 3, 12, 0), utc(11, 4, 12, 0), utc(12, 1, 12, 0)} {
		w.write(ledger.PromiseBroken, at, ledger.PromiseBody{Promise: "backups/app", Code: "backups.broken", Since: at})
		w.write(ledger.PromiseBroken, at, ledger.PromiseBody{Promise: "ledger", Code: "ledger.broken", Since: at})
	}

	w.seal(0)

	if made := w.assemble(); len(made.Databases[0].Promises) != 2 || len(made.Entries) != 92 {
		t.Errorf("%d, %d", len(made.Databases[0].Promises), len(made.Entries))
	}
}

// The report of an instant knows nothing of what came after it.
func TestNothingFromTheFuture(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.days("app", nov(1), nov(12), nil)
	w.seal(0)
	w.facts.AsOf = utc(11, 10, 2, 35)

	made := w.assemble()
	if got := dayOf(made, "app", "2026-11-10"); got.State != report.Due || !got.DrilledAt.IsZero() || got.TakenEntry == "" {
		t.Errorf("%+v", got)
	}

	if got := dayOf(made, "app", "2026-11-05"); !got.PrunedAt.IsZero() || codes(got) != "" {
		t.Errorf("%+v", got)
	}

	for _, each := range made.Entries {
		if each.At.After(w.facts.AsOf) {
			t.Errorf("%+v", each)
		}
	}
}

func TestNoBackupAtAll(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	delete(w.facts.Watched, "app")

	made := w.assemble()
	database := made.Databases[0]

	if database.RPO != (report.RPO{NowSeconds: -1}) || database.RTO != (report.RTO{}) || database.Totals != (report.Totals{}) || len(database.Days) != 30 {
		t.Errorf("%+v", database.Totals)
	}
}

func TestAnEntryThatCannotBeRead(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.facts.Entries = []entries.Entry{{Entry: ledger.Entry{Kind: ledger.BackupStored, Body: []byte("nonsense")}}}

	if _, err := report.Assemble(w.facts); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}
}

func TestEveryCodeIsInTheTable(t *testing.T) {
	t.Parallel()

	for _, row := range report.Codes() {
		if row.Text == "" || row.Code.Text() != row.Text {
			t.Errorf("%+v", row)
		}
	}

	if text := report.Code("brand_new").Text(); text != "brand_new" {
		t.Error(text)
	}
}
