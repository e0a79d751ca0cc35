package evidence_test

import (
	"testing"
	"time"

	"steward/internal/evidence"
	"steward/internal/ids"
	"steward/internal/pgtest"
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
