package evidence_test

import (
	"testing"
	"time"

	"steward/internal/evidence"
	"steward/internal/ids"
	"steward/internal/pgtest"
)

// A day that was taken anew has lost nothing of what its first attempt stored, a
// database's day no more than one of files; what the attempt that stands lost counts.
func TestADayTakenAnewHasLostNothing(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := start()
	first, second := ids.New("att"), ids.New("att")
	database, files := ids.New("bkp"), ids.New("fbk")

	run(t, db, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', '2026-11-22', 'drilled', $2, 'test', $3, $3, $3, $3, 'hash')`, database, second, at)
	run(t, db, `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'uploads', '2026-11-22', 'drilled', $2, 'test', $3, $3, $3, $3, 'hash')`, files, second, at)

	for attempt, name := range map[string]string{first: "first", second: "second"} {
		run(t, db, `insert into backup_objects (backup_id, attempt, name, kind) values ($1, $2, $3, 'manifest')`, database, attempt, name)
		run(t, db, `insert into file_objects (backup_id, attempt, name, kind) values ($1, $2, $3, 'manifest')`, files, attempt, name)
	}

	lose := func(name string, when time.Time) {
		t.Helper()
		run(t, db, `insert into backup_missing (name, generation, backup_id, missing_at) values ($1, 1, $2, $3)`, name, database, when)
		run(t, db, `insert into file_missing (name, generation, fileset, backup_id, missing_at) values ($1, 1, 'uploads', $2, $3)`, name, files, when)
	}

	for _, c := range []struct {
		name string
		lost time.Time
	}{{"first", time.Time{}}, {"second", at.Add(3 * time.Hour)}} {
		lose(c.name, at.Add(map[string]time.Duration{"first": time.Hour, "second": 3 * time.Hour}[c.name]))

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
		if err != nil || len(got.Backups) != 2 {
			t.Fatalf("%+v, %v", got.Backups, err)
		}

		for _, each := range got.Backups {
			if !each.LostAt.Equal(c.lost) {
				t.Errorf("after objects of the %s attempt: %+v", c.name, each)
			}
		}
	}
}

// Kept for months, a younger day can go before an older one: what both name is the
// older one's then, and held against the younger only once that is gone too.
func TestWhatAnOlderDayNamesIsNotLeft(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := func(days float64) time.Time { return start().Add(time.Duration(days * float64(24*time.Hour))) }

	older := filesRow{0, 0.01, 0.02, -1, "drilled"}.write(t, db, "months")
	filesRow{1, 1.01, 1.02, 8.02, "pruned"}.write(t, db, "months")
	run(t, db, `insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at) values ($1, 'months', 'x', 'att', $2, $3)`,
		ids.New("cnt"), at(0.01), at(1.01))

	gone := func() bool {
		t.Helper()

		got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
		if err != nil || len(got.Backups) != 2 {
			t.Fatalf("%+v, %v", got.Backups, err)
		}

		return !got.Backups[1].GoneAt.IsZero()
	}

	if !gone() {
		t.Error("what the older day names is held against the younger")
	}

	run(t, db, `update file_backups set state = 'pruned', pruned_at = $2 where id = $1`, older, at(9))

	if gone() {
		t.Error("what nobody names any more is not held against the day that named it last")
	}
}
