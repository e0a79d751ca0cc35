package activities_test

import (
	"testing"
	"time"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/calendar"
	"steward/internal/copies"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/prune"
	"steward/internal/removal"
)

// A day that is drilled is copied where the worker's policy says, whatever asks for
// it; the copy goes with the prune of the first location, and a location that fails
// does not keep that from its work.
func TestCopiesAreMadeAndPruned(t *testing.T) {
	t.Parallel()

	w := newBackupWorld(t)

	w.take.Places = 1

	opened, err := execute[activities.OpenedDay](t, nil, w.take.OpenDay, activities.OpenDayParams{Database: "app"})
	if err != nil || opened.Places != 1 {
		t.Fatalf("%+v, %v", opened, err)
	}

	must(t, nil, w.take.TakeBackup, opened.Backup)

	keep, err := calendar.ParseDuration("7d")
	if err != nil {
		t.Fatal(err)
	}

	settings := gcs.Settings{Location: "EUROPE-WEST4", UniformAccess: true, PublicAccessPrevented: true}
	far := w.Client.Bucket("far")
	place := copies.Place{Name: "far", Bucket: far, Wanted: guard.Bucket{Name: "far", Settings: settings}}
	do := &activities.Copies{Copier: copies.Copier{
		Steward: w.Steward, Source: w.Bucket, Places: []copies.Place{place}, Verifier: w.Driller.Verifier, Keep: keep, Zone: time.UTC,
		Clock: w.Driller.Clock,
	}}

	must(t, nil, w.prove.DrillBackup, opened.Backup)

	if _, err := execute[copies.Result](t, nil, do.CopyMissing); boundary.CodeOf(err) != failure.ObjectNotFound {
		t.Errorf("without the bucket: %v", err)
	}

	if _, err := far.Create(t.Context(), settings); err != nil {
		t.Fatal(err)
	}

	watch := &beats{}
	if got, err := execute[copies.Result](t, watch, do.CopyMissing); err != nil || got.Copied != 1 || len(watch.phases()) == 0 {
		t.Errorf("%+v, %v", got, err)
	}

	if got, err := execute[copies.Result](t, nil, do.CopyBackup, opened.Backup); err != nil || got != (copies.Result{There: 1}) {
		t.Errorf("asked again: %+v, %v", got, err)
	}

	row := w.Row(t, opened.Backup)
	rule := prune.Rule{Keep: keep, Zone: time.UTC, Tolerance: 2 * time.Hour, Databases: []string{"app"}}
	prunes := &activities.Prunes{
		Steward: w.Steward, Remover: removal.Remover{Steward: w.Steward, Bucket: w.Bucket}, Rule: rule, Enforce: true,
		Clock:  &movingClock{now: row.SnapshotAt.Add(7 * day)},
		Copies: &copies.Pruner{Steward: w.Steward, Storage: w.Client, First: w.Bucket, Places: map[string]string{"gone": "gone", "far": "far"}, Rule: rule, Enforce: true},
	}

	// One location is not there at all: that is told, and the rest is done.
	if _, err := execute[activities.PruneResult](t, nil, prunes.PruneBackups); boundary.CodeOf(err) != failure.ObjectNotFound {
		t.Error(err)
	}

	if entries := w.Ledger(t, opened.Backup); entries["backup.pruned"] != 1 || entries["copy.pruned"] != 1 || entries["backup.copied"] != 1 {
		t.Errorf("%v", entries)
	}
}
