package harness

import (
	"strings"
	"testing"
	"time"

	"steward/internal/policy"
)

// What has no snapshot, since every try failed before, is kept from its start: it stays
// neither longer nor shorter than what was read then.
func TestWhatWasNeverReadIsKeptFromItsStart(t *testing.T) {
	t.Parallel()
	rules, err := policy.Load("../../internal/policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC)
	world := &World{Rules: rules, pruned: now, filesPruned: now}
	gone := now.Add(-time.Hour)
	for _, each := range []struct {
		age  time.Duration
		gone *time.Time
		want string
	}{
		{6 * day, nil, ""},
		{8 * day, nil, "stays too late"},
		{6 * day, &gone, "went too early"},
		{8 * day, &gone, ""},
	} {
		opened := now.Add(-each.age)
		found := &findings{}
		world.checkTimes(catalogue{backups: []backupRow{{Database: "app", Day: "x", OpenedAt: opened, PrunedAt: each.gone}}}, nil, found)
		world.checkFileTimes(filesCatalogue{backups: []filesRow{{Set: "uploads", Day: "x", OpenedAt: opened, PrunedAt: each.gone}}}, nil, found)
		want := 0
		if each.want != "" {
			want = 2 // of a database, and of files
		}
		for _, one := range found.all {
			if !strings.Contains(one.Text, each.want) {
				t.Errorf("after %s, gone at %v: %s", each.age, each.gone, one.Text)
			}
		}
		if len(found.all) != want {
			t.Errorf("after %s, gone at %v: %v", each.age, each.gone, found.all)
		}
	}
}
