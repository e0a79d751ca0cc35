package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/promise"
	"steward/internal/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// eventful is a month in which everything happened: set up on the 3rd, a missed
// day, one taken again, one drilled late, backups that stopped and an exception, a
// late prune, a second database from the 15th on, files that stopped, copies of the
// second database, one of them late and one never made, a loss of many objects.
func eventful(t testing.TB) report.Report {
	t.Helper()

	w := newWorld(t, "2026-11", later(), "app", "shop", "files/uploads", "copies/far/shop")
	w.facts.InstalledAt = utc(11, 3, 9, 0)
	w.facts.Watched = map[string]time.Time{"app": w.facts.InstalledAt, "shop": utc(11, 15, 9, 0), "files/uploads": utc(11, 15, 9, 0), "copies/far/shop": utc(11, 20, 9, 0)}
	w.facts.Off = []promise.Interval{{From: utc(11, 20, 0, 0), To: utc(11, 21, 0, 0)}}
	w.facts.Schedules["shop"] = report.Schedule{ID: "backup/shop", State: report.ScheduleMissing}

	w.day("app", nov(3), plan{late: 7 * time.Hour})
	w.days("app", nov(4), nov(30), map[int]plan{
		6: {unopened: true}, 9: {drilled: 3 * time.Hour}, 12: {pruned: 5 * time.Hour}, 14: {lies: []ledger.Kind{ledger.BackupPruned}},
		20: {unopened: true}, 22: {pruned: 8 * time.Hour},
		23: {unopened: true}, 24: {unopened: true}, 25: {unopened: true}, 26: {unopened: true}, 27: {unopened: true}, 28: {unopened: true},
		29: {late: 7 * time.Hour},
	})
	w.days("shop", nov(16), nov(30), nil)

	w.days("files/uploads", nov(16), nov(30), map[int]plan{
		17: {old: true}, 18: {keep: 9 * 24 * time.Hour, pruned: 48 * time.Hour}, 19: {pruned: 3 * time.Hour}, 20: {undrilled: true},
	})
	w.entry("backup.overdue", *w.find("files/uploads", "2026-11-19"), utc(11, 26, 4, 31), plan{})
	w.entry(ledger.BackupExcepted, *w.find("files/uploads", "2026-11-21"), utc(11, 28, 2, 31), plan{})

	for n := range 6 {
		w.write(ledger.FilesMissing, utc(11, 28, 12, n), lostFiles("uploads", "2026-11-24", "2026-11-25"))
	}

	for day := 21; day <= 30; day++ {
		w.copyOf("shop", nov(day).String(), map[int]copying{23: {late: 3 * time.Hour}, 24: {none: true}}[day])
	}

	again := *w.find("app", "2026-11-11")
	w.entry(ledger.BackupRefused, again, again.TakenAt.Add(-time.Minute), plan{})
	w.entry("backup.exception", *w.find("app", "2026-11-22"), utc(11, 29, 2, 31), plan{})
	w.write(ledger.PromiseBroken, utc(11, 6, 22, 31), ledger.PromiseBody{Promise: "backups/app", Code: "backups.broken", Since: utc(11, 6, 22, 30)})
	w.seal(2)

	return w.assemble()
}

// TestGolden holds the file and the page to what was written once.
func TestGolden(t *testing.T) {
	t.Parallel()

	made := eventful(t)
	signer, verifier := testKeys(t)

	signed, err := report.Sign(made, signer)
	if err != nil {
		t.Fatal(err)
	}

	text, err := signed.File()
	if err != nil {
		t.Fatal(err)
	}

	page, err := report.Page(made, signed, "backup-evidence-2026-11.json")
	if err != nil {
		t.Fatal(err)
	}

	for name, got := range map[string][]byte{"eventful.json": text, "eventful.html": page} {
		path := filepath.Join("testdata", name)

		if *update {
			if err := os.WriteFile(path, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}

		want, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is another; if that is meant: go test ./internal/report -update (%v)", path, err)
		}
	}

	kept, err := os.ReadFile(filepath.Join("testdata", "eventful.json"))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := open(kept, verifier); err != nil {
		t.Errorf("a file that was given away is refused: %v", err)
	}
}

// Files of the versions before copies, and before files, were in the report.
func TestOlderFilesAreStillRead(t *testing.T) {
	t.Parallel()

	_, verifier := testKeys(t)

	for name, c := range map[string]struct {
		format string
		items  int
	}{"eventful_v1.json": {report.OldFormat, 2}, "eventful_v2.json": {report.FilesFormat, 3}} {
		old, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}

		opened, err := open(old, verifier)
		if err != nil || opened.Format != c.format || len(opened.Databases) != c.items {
			t.Errorf("%s: %s, %d databases: %v", name, opened.Format, len(opened.Databases), err)
		}

		if _, err := opened.StandsOn(verifier); err != nil {
			t.Error(name, err)
		}

		if cited, err := opened.Cited(); err != nil || len(cited) != len(opened.Entries) {
			t.Error(name, err)
		}
	}
}

// The page needs nothing but itself, and does nothing.
func TestThePageIsSelfContained(t *testing.T) {
	t.Parallel()

	made := eventful(t)

	page, err := report.Page(made, report.Signed{Report: "{}", Note: "<script>alert(1)</script>"}, "x.json")
	if err != nil {
		t.Fatal(err)
	}

	text := string(page)
	for _, forbidden := range []string{"<script", "<link", "<img", "<iframe", "http:", "https:", "url(", "@import", "javascript:", " on"} {
		if forbidden == " on" {
			if regexp.MustCompile(`<[^>]* on[a-z]+=`).MatchString(text) {
				t.Error("the page has a handler of an event")
			}

			continue
		}

		if strings.Contains(text, forbidden) {
			t.Errorf("the page holds %q", forbidden)
		}
	}

	for _, wanted := range []string{
		"Evidence of backups, November 2026", "@media print", "not yet installed", "BROKEN: no good backup", "backup.exception",
		"#waiting", "The machine was off", "<h2>Files uploads</h2>", "files.overdue", "files.missing", "check-evidence x.json",
		"<h2>Copies of database shop in far</h2>", "no whole copy exists of this day", "(6 entries)", "&#43;01:00",
	} {
		if !strings.Contains(text, wanted) {
			t.Errorf("the page lacks %q", wanted)
		}
	}
}

func TestThePageOfAnotherWorld(t *testing.T) {
	t.Parallel()

	empty := report.Report{Month: "2026-11", Zone: "UTC", Databases: []report.Database{{Name: "app", RPO: report.RPO{NowSeconds: -1}, Days: []report.Day{
		{Day: "2026-11-01", State: "brand_new"},
	}}}}

	page, err := report.Page(empty, report.Signed{}, "x.json")
	if err != nil || !bytes.Contains(page, []byte("The ledger was empty")) || !bytes.Contains(page, []byte("none was ever drilled")) ||
		!bytes.Contains(page, []byte("brand_new")) {
		t.Errorf("%v", err)
	}

	for name, broken := range map[string]report.Report{
		"no zone":  {Month: "2026-11", Zone: "Europe/Nowhere"},
		"no month": {Month: "2026-13", Zone: "UTC"},
	} {
		if _, err := report.Page(broken, report.Signed{}, "x.json"); !failure.Is(err, failure.ReportRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
