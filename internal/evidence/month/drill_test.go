package month_test

import (
	"testing"
	"time"

	"steward/internal/evidence"
	"steward/internal/evidence/month"
	"steward/internal/failure"
	"steward/internal/filestest"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/policy"
	"steward/internal/report"
)

// The whole way: somebody deletes what three days name, the third day's drill finds it
// and its next attempt stores it anew. The month report says of the first two days that
// they lost it, and of the third that it was taken again.
func TestTheReportTellsWhatADrillFound(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	rules, err := policy.Load("../../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	rules.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "app-uploads"}}
	_, key := ledgertest.Keys(t)
	w := world{t, b.Steward, month.Sources{Sources: evidence.Sources{Steward: b.Steward}, Key: key, Policy: rules}}
	w.run("insert into installation (installed_at) values ($1)", filestest.Start().Add(-time.Hour))

	b.Write(t, "a person's file", "content")

	for range 2 {
		b.Drilled(t)
		b.Clock.Advance(24 * time.Hour)
	}

	taken := b.Take(t)
	if err := b.Bucket.Remove(t.Context(), b.Names(t, "uploads/contents/")[0]); err != nil {
		t.Fatal(err)
	}

	if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, failure.ObjectNotFound) {
		t.Fatal(err)
	}

	b.Clock.Advance(time.Minute)
	b.Drilled(t)

	asked := november(w, "files/uploads")
	asked.AsOf = b.Clock.Now()

	facts, err := month.Gather(t.Context(), w.from, asked)
	if err != nil {
		t.Fatal(err)
	}

	made, err := report.Assemble(facts)
	if err != nil {
		t.Fatal(err)
	}

	for _, day := range made.Databases[0].Days {
		lost := day.Day == "2026-11-22" || day.Day == "2026-11-23"
		if found := len(day.Findings) == 1 && day.Findings[0].Code == report.FindLost && day.Findings[0].Kind == ledger.FilesRefused &&
			day.Findings[0].Cause == string(failure.ObjectNotFound); found != lost {
			t.Errorf("%s: %+v", day.Day, day.Findings)
		}

		if day.Day == "2026-11-24" && (day.State != report.Proven || len(day.Findings) != 2 || day.Findings[1].Code != report.FindRetaken) {
			t.Errorf("%+v", day)
		}
	}

	if made.Databases[0].Totals.Broken != 2 || made.Databases[0].Totals.Proven != 3 {
		t.Errorf("%+v", made.Databases[0].Totals)
	}
}
