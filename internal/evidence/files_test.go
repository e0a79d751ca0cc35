package evidence_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/evidence"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// Files are judged by the same evidence as databases, under a name of their own. A
// day whose manifest is gone counts as gone only when its last contents are gone too.
func TestGatherFiles(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at, gone := start(), start().Add(8*24*time.Hour)
	day := func(day, state string, snapshot time.Time, pruned any) {
		run(t, db, `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, pruned_at, manifest_sha256)
			values ($1, 'uploads', $2, $3, $4, 'test', $5, $5, $5, $5, $6, 'hash')`, ids.New("fbk"), day, state, ids.New("att"), snapshot, pruned)
	}
	content := func(newest time.Time) {
		run(t, db, `insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at) values ($1, 'uploads', $1, 'att', $2, $3)`,
			ids.New("cnt"), at, newest)
	}

	day("2026-11-20", "pruned", at, gone)
	day("2026-11-21", "pruned", at.Add(24*time.Hour), gone)
	day("2026-11-22", "drilled", at.Add(48*time.Hour), nil)
	content(at.Add(24 * time.Hour)) // it should have gone with the second day
	content(at.Add(48 * time.Hour))

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil {
		t.Fatal(err)
	}

	var states []string

	for _, backup := range got.Backups {
		if backup.Database != "files/uploads" || !backup.DrilledAt.Equal(backup.SnapshotAt) {
			t.Errorf("%+v", backup)
		}

		states = append(states, map[bool]string{true: "exists", false: "gone"}[backup.GoneAt.IsZero()])
	}

	if len(states) != 3 || states[0] != "gone" || states[1] != "exists" || states[2] != "exists" {
		t.Error(states)
	}

	rules := []promise.Rule{{Name: promise.Backups, Mode: promise.Enforce, Zone: time.UTC, Backups: demo(t).Rules()[0].Backups}}
	rules[0].Backups.Databases = []string{"files/uploads"}
	got.Armed = map[promise.Key]time.Time{{Promise: promise.Backups, Item: "files/uploads"}: at.Add(-time.Hour)}

	statuses := promise.Evaluate(rules, got, at.Add(8*24*time.Hour+3*time.Hour))
	if len(statuses) != 1 || statuses[0].Item != "files/uploads" || statuses[0].State != promise.Broken {
		t.Errorf("%+v", statuses)
	}
}

// filesRow is one row of the catalogue of files, as of days since the start.
type filesRow struct {
	opened, snapshot, drilled, pruned float64 // -1 for never
	state                             string
}

func (r filesRow) write(t *testing.T, db *postgres.DB, set string) string {
	t.Helper()

	at := func(days float64) any {
		if days < 0 {
			return nil
		}

		return start().Add(time.Duration(days * float64(24*time.Hour)))
	}

	id := ids.New("fbk")
	run(t, db, `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, pruned_at, manifest_sha256)
		values ($1, $2, ($5::timestamptz at time zone 'UTC')::date, $3, $4, 'test', $5, $5, $6, $7, $8, 'hash')`,
		id, set, r.state, ids.New("att"), at(r.opened), at(r.snapshot), at(r.drilled), at(r.pruned))

	return id
}

// What is left is held against the day that left it, and against no other; a day
// under an exception says so, and what it names is its own; what the bucket or a
// drill misses is lost to each day that names it.
func TestGatherWhatIsLeftOfFiles(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := func(days float64) time.Time { return start().Add(time.Duration(days * float64(24*time.Hour))) }
	content := func(set string, first, newest float64) string {
		id := ids.New("cnt")
		run(t, db, `insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at) values ($1, $2, $1, 'att', $3, $4)`,
			id, set, at(first), at(newest))

		return id
	}

	// Backups stop after the first day: it stays. The second was never proven, named
	// what the first named, and is gone.
	kept := filesRow{0, 0.01, 0.02, -1, "drilled"}.write(t, db, "stops")
	filesRow{1, 1.01, -1, 8.02, "pruned"}.write(t, db, "stops")
	content("stops", 0.01, 0.01)
	content("stops", 0.01, 1.01)
	run(t, db, `insert into file_exceptions (backup_id, cause, since, due_at) values ($1, 'last_drilled', $2, $2)`, kept, at(7.01))

	// An older day left something; the day after it is not to blame.
	filesRow{0, 0.01, 0.02, 7.02, "pruned"}.write(t, db, "left")
	filesRow{1, 1.01, 1.02, 8.02, "pruned"}.write(t, db, "left")
	content("left", 0.01, 0.01)

	// A day that failed: its second attempt left something, whose time counts.
	filesRow{0, 0.01, -1, 7.02, "pruned"}.write(t, db, "failed")
	content("failed", 0.5, 0.5)

	// Two days name what is missing, one of them what was condemned.
	filesRow{0, 0.01, 0.02, -1, "drilled"}.write(t, db, "lost")
	filesRow{1, 1.01, 1.02, -1, "drilled"}.write(t, db, "lost")
	run(t, db, `insert into file_missing (name, generation, fileset, content_id, missing_at) values ('x', 1, 'lost', $1, $2)`,
		content("lost", 0.01, 1.01), at(2))
	run(t, db, `update file_contents set bad_at = $2 where id = $1`, content("lost", 0.01, 0.01), at(1.5))

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil {
		t.Fatal(err)
	}

	found := map[string]string{}
	since := func(instant time.Time) string {
		if instant.IsZero() {
			return "-"
		}

		return strconv.FormatFloat(instant.Sub(start()).Hours()/24, 'f', 2, 64)
	}

	for _, each := range got.Backups {
		found[each.Database+" "+each.Day.String()[8:]] = strings.Join([]string{since(each.SnapshotAt), since(each.GoneAt), since(each.LostAt), since(each.ExceptedAt)}, " ")
	}

	first, second := start().Format("02"), start().AddDate(0, 0, 1).Format("02")
	want := map[string]string{
		"files/stops " + first: "0.01 - - 7.01", "files/stops " + second: "1.01 8.02 - -",
		"files/left " + first: "0.01 - - -", "files/left " + second: "1.01 8.02 - -",
		"files/failed " + first: "0.50 - - -",
		"files/lost " + first:   "0.01 - 1.50 -", "files/lost " + second: "1.01 - 2.00 -",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}

	// An exception is no broken promise: the day that stays is told as one.
	rules := []promise.Rule{{Name: promise.Backups, Mode: promise.Enforce, Zone: time.UTC, Backups: demo(t).Rules()[0].Backups}}
	rules[0].Backups.Databases = []string{"files/stops"}
	got.Armed = map[promise.Key]time.Time{{Promise: promise.Backups, Item: "files/stops"}: at(-1)}

	// The other sets are not in this policy: what is left of them is judged all the same.
	left := map[string]promise.State{}

	for _, status := range promise.Evaluate(rules, got, at(8.5)) {
		if status.LeftPolicy {
			left[status.Item] = status.State

			continue
		}

		if strings.Contains(status.Reason, "still exists") || !strings.Contains(status.Reason, "as an exception since") {
			t.Errorf("%+v", status)
		}
	}
	if diff := cmp.Diff(map[string]promise.State{"files/left": promise.Broken, "files/failed": promise.Broken, "files/lost": promise.Broken}, left); diff != "" {
		t.Error(diff)
	}
}

// How many files a backup has is read, since one without any is no kept promise.
func TestGatherHowManyFiles(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	full := filesRow{0, 0.01, 0.02, -1, "drilled"}.write(t, db, "uploads")
	filesRow{1, 1.01, 1.02, -1, "drilled"}.write(t, db, "uploads")
	run(t, db, `update file_backups set files = 1234 where id = $1`, full)
	run(t, db, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at)
		values ($1, 'app', '2026-11-22', 'taken', $2, 'test', $3, $3, $3)`, ids.New("bkp"), ids.New("att"), start().Add(72*time.Hour))

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil || len(got.Backups) != 3 {
		t.Fatal(got.Backups, err)
	}

	if got.Backups[0].Files != 1234 || got.Backups[1].Files != 0 || got.Backups[2].Files != 0 {
		t.Errorf("%+v", got.Backups)
	}

	rule := promise.Rule{Name: promise.Backups, Mode: promise.Enforce, Zone: time.UTC, Backups: demo(t).Rules()[0].Backups}
	rule.Backups.Databases = []string{"files/uploads", "app"}
	got.Armed = map[promise.Key]time.Time{{Promise: promise.Backups, Item: "files/uploads"}: start().Add(-time.Hour)}

	status := promise.Evaluate([]promise.Rule{rule}, got, start().Add(27*time.Hour))[0]
	if status.State != promise.AtRisk || !strings.Contains(status.Reason, "has no file at all, that of") || !strings.Contains(status.Reason, "has 1234") {
		t.Errorf("%+v", status)
	}
}
