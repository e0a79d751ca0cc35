package prune_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"steward/internal/calendar"
	"steward/internal/prune"
)

const (
	week      = 7 * 24 * time.Hour
	tolerance = 2 * time.Hour
)

func at(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }

func keep(t testing.TB, text string) calendar.Duration {
	t.Helper()

	parsed, err := calendar.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}

	return parsed
}

func sevenDays(t testing.TB, keepLast bool) prune.Rule {
	t.Helper()

	return prune.Rule{Keep: keep(t, "7d"), Zone: time.UTC, KeepLastDrilled: keepLast, Tolerance: tolerance, Databases: []string{"app", "steward"}}
}

// history draws one state of catalogue and bucket. All its instants lie on a few
// edges, so that "exactly then", "just before" and "just after" are common.
type history struct {
	*rand.Rand

	// keeps are the times of keeping that the policy may state.
	keeps []calendar.Duration
}

func (h history) one(of ...string) string { return of[h.IntN(len(of))] }

func (h history) often() bool { return h.IntN(4) > 0 }

func (h history) seldom() bool { return h.IntN(4) == 0 }

// edge is an instant on a day or just beside it, or just beside the tolerance.
func (h history) edge(day int) time.Time {
	beside := []time.Duration{0, 0, -1, 1, tolerance - 1, tolerance}

	return at(1, 0).AddDate(0, 0, day).Add(beside[h.IntN(len(beside))])
}

func (h history) input(rule prune.Rule) prune.Input {
	rule.KeepLastDrilled = h.often()
	rule.Keep = h.keeps[h.IntN(len(h.keeps))]
	rule.Left = h.IntN(8) == 0
	rule.Databases = [][]string{{"app", "steward"}, {"steward", "app"}, {"app"}, {"x"}, nil}[h.IntN(5)]
	in := prune.Input{Rule: rule, AsOf: h.edge(h.IntN(20))}

	for n := range h.IntN(7) {
		backup := h.backup(n)
		in.Backups = append(in.Backups, backup)

		for m := range h.IntN(4) {
			announced := prune.Announced{
				Name: fmt.Sprintf("%s/%d/%d", backup.Database, n, m), Backup: backup.ID,
				Attempt: backup.Attempt, Generation: int64(h.IntN(3)), Gone: h.IntN(16) == 0,
			}
			if h.seldom() {
				announced.Attempt = "att_old"
			}

			in.Announced = append(in.Announced, announced)
			in.Listed = append(in.Listed, h.listed(announced.Name, in.AsOf)...)
		}
	}

	for n := range h.IntN(2) {
		in.Listed = append(in.Listed, h.listed(fmt.Sprintf("%s/foreign/%d", h.one("app", "x", "ap"), n), in.AsOf)...)
	}

	h.Shuffle(len(in.Backups), func(i, j int) { in.Backups[i], in.Backups[j] = in.Backups[j], in.Backups[i] })

	return in
}

func (h history) backup(n int) prune.Backup {
	day := h.IntN(10)
	backup := prune.Backup{
		ID: fmt.Sprintf("bkp_%d", n), Database: h.one("app", "steward"), Attempt: fmt.Sprintf("att_%d", n),
		OpenedAt: at(1, 0).AddDate(0, 0, day), Pruned: h.seldom(), Whole: h.often(),
	}

	if h.often() {
		backup.SnapshotAt = h.edge(day)
	}

	backup.Drilled = backup.Whole && h.often()
	backup.Whole = backup.Whole && !backup.SnapshotAt.IsZero()
	backup.Drilled = backup.Drilled && backup.Whole

	if h.seldom() {
		backup.Exception.Since = h.edge(day + 7)
		if h.IntN(2) == 0 {
			backup.Exception.EndedAt = h.edge(day + 8)
			if h.IntN(2) == 0 {
				backup.Exception.ReleasedAt = h.edge(day + 8)
			}
		}
	}

	return backup
}

// listed are up to two generations of a name.
func (h history) listed(name string, asOf time.Time) []prune.Listed {
	var found []prune.Listed

	for generation := range int64(3) {
		if h.IntN(3) > 0 {
			continue
		}

		one := prune.Listed{Name: name, Generation: generation + 1, Noncurrent: generation == 0, Held: h.seldom()}
		if h.seldom() {
			one.RetainUntil = asOf.Add(time.Duration(h.IntN(3) - 1))
		}

		if h.seldom() {
			one.SoftDeleted, one.HardDelete = true, asOf.Add(time.Hour)
		}

		found = append(found, one)
	}

	return found
}
