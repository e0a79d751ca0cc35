package report_test

import (
	"strings"
	"testing"

	"steward/internal/ledger"
	"steward/internal/report"
)

// A month of files is told as that of a database: by its own entries, with how many
// files there were.
func TestAMonthOfFiles(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "files/uploads")
	w.whole("app", nil)
	w.whole("files/uploads", nil)
	w.seal(0)

	made := w.assemble()
	if !made.Holds || len(made.Databases) != 2 || made.Databases[1].Name != "files/uploads" {
		t.Fatalf("holds %v, %d items", made.Holds, len(made.Databases))
	}

	files := made.Databases[1]
	if files.Totals.Proven != 30 || files.Totals.Pruned != 30 || files.RTO.Drills != 30 || files.RPO.LargestSeconds != 24*3600 ||
		files.Schedule.ID != "backup/files/uploads" {
		t.Errorf("%+v", files)
	}

	for _, day := range files.Days {
		if day.State != report.Proven || codes(day) != "" || day.Files == 0 || day.Rows != 0 || day.Bytes == 0 || day.PrunedEntry == "" {
			t.Errorf("%+v", day)
		}
	}

	kinds := map[ledger.Kind]int{}
	for _, each := range made.Entries {
		kinds[each.Kind]++
	}

	if kinds[ledger.FilesStored] != 30 || kinds[ledger.FilesDrilled] != 30 || kinds[ledger.FilesPruned] != 30 || kinds[ledger.BackupStored] != 30 {
		t.Errorf("%v", kinds)
	}
}

// An entry about a database proves nothing of files that are called the same.
func TestFilesAreProvenByTheirOwnEntries(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app", "files/app")
	w.whole("files/app", nil)

	for i, row := range w.facts.Backups {
		w.facts.Backups[i].Database = "app"
		w.facts.Rule.Databases = []string{"app"}

		if row.Files == 0 {
			t.Fatal("no files")
		}
	}

	if got := dayOf(w.assemble(), "app", "2026-11-10"); got.State != report.Missed || codes(got) != "missed!"+strings.Repeat(" unproven!", 3) {
		t.Errorf("%s %s", got.State, codes(got))
	}
}

// lostFiles is the body about a content that the days from one to another named.
func lostFiles(files, first, last string) ledger.FilesObjectsBody {
	body := ledger.FilesObjectsBody{Files: files, Backup: "fbk_a", Day: last, FirstDay: first}

	return body.Naming([]ledger.ObjectBody{{Name: files + "/contents/cnt_a", Generation: 1}})[0]
}

// What becomes of a day of files: exceptions, what was overdue, what was lost to
// every day that named it while it was to be kept.
func TestDaysOfFiles(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "files/uploads")
	w.days("files/uploads", nov(1), nov(10), map[int]plan{10: {kept: true}})
	w.entry(ledger.BackupExcepted, *w.find("files/uploads", "2026-11-10"), utc(11, 17, 2, 31), plan{})
	w.entry(ledger.BackupOverdue, *w.find("files/uploads", "2026-11-02"), utc(11, 9, 5, 0), plan{})
	w.entry(ledger.BackupRefused, *w.find("files/uploads", "2026-11-03"), utc(11, 3, 2, 0), plan{})
	w.write(ledger.FilesMissing, utc(11, 12, 12, 0), lostFiles("uploads", "2026-11-04", "2026-11-08"))
	w.write(ledger.FilesMissing, utc(11, 8, 12, 0), lostFiles("others", "2026-11-01", "2026-11-30"))
	w.facts.AsOf = utc(11, 30, 12, 0)
	w.seal(0)

	made := w.assemble()
	for day, want := range map[string]string{
		"2026-11-01": "", "2026-11-02": "overdue!", "2026-11-03": "refused", "2026-11-05": "", "2026-11-06": "lost!", "2026-11-08": "lost!",
		"2026-11-09": "", "2026-11-10": "exception",
	} {
		if got := codes(dayOf(made, "files/uploads", day)); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}

	if sum := made.Databases[0].Totals; sum.Exceptions != 1 || made.Holds {
		t.Errorf("%+v", sum)
	}
}
