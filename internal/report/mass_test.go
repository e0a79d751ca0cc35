package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"steward/internal/ledger"
	"steward/internal/report"
)

// After a mass loss the report is as small as after any: one finding for each day,
// code and cause, with a count and a few examples, and no entry cited but those.
func TestAMassLossFitsTheReport(t *testing.T) {
	t.Parallel()

	const contents = 50_000

	w := newWorld(t, "2026-11", later(), "app", "shop", "files/uploads")
	w.whole("app", nil)
	w.whole("shop", nil)
	w.whole("files/uploads", nil)

	objects := make([]ledger.ObjectBody, contents)
	for i := range objects {
		objects[i] = ledger.ObjectBody{Name: fmt.Sprintf("uploads/contents/cnt_a%06d", i), Generation: int64(i + 1)}
	}

	late := utc(11, 28, 5, 0)
	last := *w.find("files/uploads", "2026-11-20")

	for _, each := range []struct {
		kind ledger.Kind
		at   time.Time
		body ledger.FilesObjectsBody
	}{
		{ledger.FilesMissing, utc(11, 20, 12, 0), ledger.FilesObjectsBody{Files: "uploads", Backup: last.ID, Day: "2026-11-20", FirstDay: "2026-11-14"}},
		{ledger.FilesOverdue, late, ledger.FilesObjectsBody{Files: "uploads", Backup: last.ID, Day: "2026-11-20", DueAt: &late, Cause: "retained"}},
		{ledger.FilesOverdue, late, ledger.FilesObjectsBody{Files: "uploads", Backup: last.ID, Day: "2026-11-20", DueAt: &late, Cause: "claimed"}},
	} {
		for _, body := range each.body.Naming(objects) {
			w.write(each.kind, each.at, body)
		}
	}

	w.seal(0)

	made := w.assemble()
	signer, verifier := testKeys(t)

	signed, err := report.Sign(made, signer)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := signed.Open(verifier); err != nil || len(signed.Report) > report.MaxBytes/2 {
		t.Errorf("%d bytes, %v", len(signed.Report), err)
	}

	if got := codes(dayOf(made, "files/uploads", "2026-11-20")); got != "lost!"+strings.Repeat(" overdue!", 2) {
		t.Error(got)
	}

	for _, day := range made.Databases[2].Days {
		if lost := day.Day >= "2026-11-14" && day.Day <= "2026-11-20"; lost != (len(day.Findings) > 0) {
			t.Errorf("%s: %s", day.Day, codes(day))
		}

		for _, each := range day.Findings {
			if each.Count != contents || each.Entries != (contents+23)/24 || len(each.Examples) != 3 || each.Entry == "" {
				t.Errorf("%s: %+v", day.Day, each)
			}
		}
	}

	cited := map[ledger.ID]bool{}
	for _, each := range made.Entries {
		cited[each.ID] = true
	}

	for _, each := range dayOf(made, "files/uploads", "2026-11-20").Findings {
		for _, id := range append(each.Examples, each.Entry) {
			if !cited[id] {
				t.Errorf("%s is not cited", id)
			}
		}
	}

	if made.Databases[2].Totals.Broken != 9 || made.Holds {
		t.Errorf("%+v", made.Databases[2].Totals)
	}
}

// A database's objects are told so too: each of its entries names one.
func TestManyOverdueObjectsAreOneFinding(t *testing.T) {
	t.Parallel()

	w := newWorld(t, "2026-11", later(), "app")
	w.whole("app", nil)

	row := w.find("app", "2026-11-10")
	for n := range 5 {
		w.write(ledger.BackupOverdue, utc(11, 17, 6, n), ledger.OverdueBody{
			Backup: row.ID, Object: fmt.Sprintf("app/object-%d", n), Generation: 5, DueAt: row.SnapshotAt, Cause: "retained",
		})
	}

	w.seal(0)

	got := dayOf(w.assemble(), "app", "2026-11-10")
	if codes(got) != "overdue!" || got.Findings[0].Count != 5 || got.Findings[0].Entries != 5 || len(got.Findings[0].Examples) != 3 {
		t.Errorf("%+v", got.Findings)
	}
}
