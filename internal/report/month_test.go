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

// Of a promise that flapped all month the report names the first entries and the
// newest, and counts the others.
func TestAPromiseThatFlapped(t *testing.T) {
	t.Parallel()

	for count, more := range map[int]int{99: 0, 100: 0, 101: 1, 5000: 4900} {
		w := newWorld(t, "2026-11", later(), "app")
		w.whole("app", nil)

		for n := range count {
			at := utc(11, 3, 12, 0).Add(time.Duration(n) * 5 * time.Minute)
			w.write([]ledger.Kind{ledger.PromiseBroken, ledger.PromiseMended}[n%2], at, ledger.PromiseBody{
				Promise: "backups/app", Code: "backups.broken", Since: at,
			})
		}

		w.seal(0)

		made := w.assemble()
		app := made.Databases[0]
		cited := map[ledger.ID]time.Time{}

		for _, each := range made.Entries {
			cited[each.ID] = each.At
		}

		first, last := cited[app.Promises[0]], cited[app.Promises[len(app.Promises)-1]]
		if len(app.Promises)+app.PromisesMore != count || app.PromisesMore != more || len(made.Entries) != 90+len(app.Promises) ||
			!first.Equal(utc(11, 3, 12, 0)) || !last.Equal(utc(11, 3, 12, 0).Add(time.Duration(count-1)*5*time.Minute)) {
			t.Errorf("%d: %d named, %d more, %d entries, from %s to %s", count, len(app.Promises), app.PromisesMore, len(made.Entries), first, last)
		}
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
