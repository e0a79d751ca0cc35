package copies_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/evidence"
	"steward/internal/evidence/month"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/policy"
	"steward/internal/report"
)

// reported gives the days of the copies of a database in the report of November as of now.
func (w *world) reported(t *testing.T) map[string]report.Day {
	t.Helper()

	rules, err := policy.Load("../policy/testdata/working_minimal.yaml", policy.Dev)
	must(t, err)

	rules.Promises.Backups.Copies = []policy.Copy{{Name: "far", Bucket: "far"}}
	_, key := ledgertest.Keys(t)
	november, err := calendar.ParseMonth("2026-11")
	must(t, err)

	facts, err := month.Gather(t.Context(), month.Sources{Sources: evidence.Sources{Steward: w.owner}, Key: key, Policy: rules},
		month.Asked{Month: november, Database: "copies/far/app", AsOf: w.clock.Now()})
	must(t, err)

	made, err := report.Assemble(facts)
	must(t, err)

	days := map[string]report.Day{}
	for _, day := range made.Databases[0].Days {
		days[day.Day] = day
	}

	return days
}

// proven is a drilled backup of now with its evidence.
func (w *world) proven(t *testing.T) catalogue.Backup {
	t.Helper()

	row := w.drilled(t)
	snapshot := row.SnapshotAt
	body := ledger.BackupBody{Backup: row.ID, Database: row.Database, Day: row.Day, ManifestSHA256: row.ManifestSHA256, SnapshotAt: &snapshot}

	for _, kind := range []ledger.Kind{ledger.BackupStored, ledger.BackupDrilled} {
		_, err := ledger.Append(t.Context(), w.owner, kind, w.clock.Now(), body)
		must(t, err)
	}

	return row
}

// What really becomes of copies is what the month report says of them: made, proven by
// the drill of their backup, gone with a receipt, kept under an exception.
func TestTheReportTellsOfCopies(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	_, err := w.owner.Exec(t.Context(), "insert into installation (installed_at) values ($1)", start().Add(-time.Hour))
	must(t, err)

	for range 2 {
		if got, err := w.Copy(t.Context(), w.proven(t).ID); err != nil || got.Copied != 1 {
			t.Fatalf("%+v, %v", got, err)
		}

		w.clock.Advance(day)
	}

	w.clock.Advance(6*day - time.Minute) // a minute before the end of the second

	for _, after := range []time.Duration{0, time.Minute} {
		w.clock.Advance(after)

		if _, err := w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {}); err != nil {
			t.Fatal(err)
		}
	}

	days := w.reported(t)
	gone, kept, none := days["2026-11-22"], days["2026-11-23"], days["2026-11-24"]

	if gone.State != report.Proven || !gone.CopiedAt.Equal(start()) || gone.CopiedEntry == "" || gone.DrilledEntry == "" || gone.PrunedEntry == "" ||
		gone.Bytes == 0 || !gone.PruneDueAt.Equal(start().Add(7*day)) {
		t.Errorf("%+v", gone)
	}

	if kept.State != report.Proven || kept.PrunedEntry != "" || len(kept.Findings) != 1 || kept.Findings[0].Code != report.FindException ||
		kept.Findings[0].Kind != ledger.CopyExcepted {
		t.Errorf("%+v", kept)
	}

	if none.State != report.Missed || len(none.Findings) != 1 || none.Findings[0].Code != report.FindNotCopied {
		t.Errorf("%+v", none)
	}
}
