package month_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/evidence/month"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/policy"
	"steward/internal/report"
)

// filesDay adds a drilled day of files with its entries, as Steward writes them.
func (w world) filesDay(day string) (id string, at time.Time) {
	w.Helper()

	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		w.Fatal(err)
	}

	at = at.Add(3 * time.Hour)
	id = ids.New("fbk")
	w.run(`insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at, manifest_sha256)
		values ($1, 'uploads', $2, 'drilled', $3, 'test', $4, $4, $4, $4, $4, 'hash')`, id, day, ids.New("att"), at)

	for _, kind := range []ledger.Kind{ledger.FilesStored, ledger.FilesDrilled} {
		body := ledger.FilesBody{Backup: id, Files: "uploads", Day: day, ManifestSHA256: "hash", SnapshotAt: &at}
		if _, err := ledger.Append(w.Context(), w.db, kind, at, body); err != nil {
			w.Fatal(err)
		}
	}

	return id, at
}

// found gives the findings of the days of November, by day.
func (w world) found() (report.Report, map[string]string) {
	w.Helper()

	facts, err := month.Gather(w.Context(), w.from, november(w, "files/uploads"))
	if err != nil {
		w.Fatal(err)
	}

	made, err := report.Assemble(facts)
	if err != nil {
		w.Fatal(err)
	}

	codes := map[string]string{}
	for _, day := range made.Databases[0].Days {
		for _, each := range day.Findings {
			codes[day.Day[8:]] += strings.TrimSpace(string(each.Code)+" "+string(each.Kind)) + "; "
		}
	}

	return made, codes
}

// A content that a later day's drill condemned is lost to each older day that names
// it: the report says so, whether an entry of the ledger names the days or, as before
// there were such entries, only the catalogue knows.
func TestWhatALaterDrillCondemnedIsLost(t *testing.T) {
	t.Parallel()

	for _, named := range []bool{false, true} {
		w := newWorld(t)
		w.from.Policy.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "app-uploads"}}

		_, first := w.filesDay("2026-11-19")
		w.filesDay("2026-11-20")
		last, newest := w.filesDay("2026-11-21")

		if _, codes := w.found(); codes["19"]+codes["20"]+codes["21"] != "" {
			t.Fatalf("before: %v", codes)
		}

		// The drill of the 21st condemned it; the day was taken anew an hour later.
		w.run(`insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at, bad_at) values ($1, 'uploads', 'x', 'att', $2, $3, $4)`,
			ids.New("cnt"), first, newest.Add(-time.Hour), newest.Add(-time.Minute))

		want := map[string]string{"19": "lost; ", "20": "lost; "}

		if named {
			body := ledger.FilesBody{Backup: last, Files: "uploads", Day: "2026-11-21", FirstDay: "2026-11-19", Count: 1, Code: "content_differs"}
			if _, err := ledger.Append(t.Context(), w.db, ledger.FilesRefused, newest.Add(-time.Minute), body); err != nil {
				t.Fatal(err)
			}

			want = map[string]string{"19": "lost files.refused; ", "20": "lost files.refused; ", "21": "refused files.refused; "}
		}

		made, codes := w.found()
		for _, day := range []string{"19", "20", "21"} {
			if codes[day] != want[day] {
				t.Errorf("named %v: the %s: %q, want %q", named, day, codes[day], want[day])
			}
		}

		if made.Holds || made.Databases[0].Totals.Proven != 3 {
			t.Errorf("named %v: %+v", named, made.Databases[0].Totals)
		}
	}
}
