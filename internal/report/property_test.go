package report_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/ledger"
	"steward/internal/report"
)

// Whatever a month was like, its numbers agree, and nothing is proven without an
// entry that says so.
func TestNumbersAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		asOf := utc(11, 1, 0, 0).Add(time.Duration(rapid.IntRange(0, 60*24*60).Draw(r, "minutes")) * time.Minute)
		w := newWorld(t, "2026-11", asOf, "app")
		w.facts.Watched["app"] = utc(11, rapid.IntRange(1, 30).Draw(r, "watched"), 0, 0)

		for day := 1; day <= 30; day++ {
			w.day("app", nov(day), plan{
				late:      time.Duration(rapid.IntRange(0, 1200).Draw(r, "late")) * time.Minute,
				drilled:   time.Duration(rapid.IntRange(0, 300).Draw(r, "drilled")) * time.Minute,
				pruned:    time.Duration(rapid.IntRange(-60, 300).Draw(r, "pruned")) * time.Minute,
				undrilled: rapid.Bool().Draw(r, "undrilled"), kept: rapid.Bool().Draw(r, "kept"), unopened: rapid.Bool().Draw(r, "unopened"),
				lies: rapid.SliceOfN(rapid.SampledFrom([]ledger.Kind{
					ledger.BackupStored, ledger.BackupDrilled, ledger.BackupPruned, ledger.BackupRefused,
				}), 0, 1).Draw(r, "lies"),
			})
		}

		w.seal(0)

		made := w.assemble()
		agree(r, made)
	})
}

func agree(r *rapid.T, made report.Report) {
	database := made.Databases[0]
	cited := map[ledger.ID]ledger.Kind{}

	for _, each := range made.Entries {
		cited[each.ID] = each.Kind
	}

	broken, dueProven := 0, 0

	for _, day := range database.Days {
		if day.State == report.Proven && (cited[day.DrilledEntry] != ledger.BackupDrilled || cited[day.TakenEntry] != ledger.BackupStored) {
			r.Fatalf("%s is proven by nothing", day.Day)
		}

		if day.State == report.Proven && !day.DueAt.IsZero() && !day.DueAt.After(made.AsOf) {
			dueProven++
		}

		for _, each := range day.Findings {
			if each.Broken {
				broken++
			}
		}
	}

	sum := database.Totals
	if sum.Due != dueProven+sum.Missed+sum.Excused+sum.Pending || sum.Broken != broken || made.Holds != (broken == 0) {
		r.Fatalf("%+v, %d broken", sum, broken)
	}

	if database.RTO.Drills != sum.Proven || database.RTO.P50MS > database.RTO.MaxMS {
		r.Fatalf("%+v", database.RTO)
	}
}
