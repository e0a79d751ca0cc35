package system_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/catalogue"
	"steward/internal/emulator/gcs"
	"steward/internal/ids"
	"steward/workflows"
)

// outage is how long something is gone: some tries of every step at the scale of
// these tests.
const outage = 2 * time.Second

// begin starts today's backup under an id of its own.
func begin(t *testing.T, world *harness.World, suffix string) func() (workflows.DailyBackupResult, error) {
	t.Helper()
	run, err := world.Start(t.Context(), ids.BackupOf("app", world.Today())+suffix, workflows.DailyBackupName,
		workflows.DailyBackupParams{Database: "app"})
	if err != nil {
		t.Fatal(err)
	}
	return func() (workflows.DailyBackupResult, error) {
		var result workflows.DailyBackupResult
		err := run.Get(t.Context(), &result)
		return result, err
	}
}

func proven(t *testing.T, result workflows.DailyBackupResult, err error) {
	t.Helper()
	if err != nil || result.State != catalogue.Drilled {
		t.Fatalf("%+v, %v", result, err)
	}
}

// reached waits until an outside call of this name was announced.
func reached(t *testing.T, world *harness.World, name string) {
	t.Helper()
	eventually(t, "a call "+name, func() bool {
		return slices.ContainsFunc(world.Gate.Calls(), func(call harness.Call) bool { return call.Name == name })
	})
}

// TestTwoRunsOfOneDay lets two people ask for the same day at once, under ids that
// Temporal cannot tell to be the same.
func TestTwoRunsOfOneDay(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{})
	first, second := begin(t, world, "/one"), begin(t, world, "/two")
	one, err := first()
	proven(t, one, err)
	two, err := second()
	proven(t, two, err)
	if one.Backup != two.Backup {
		t.Errorf("%s and %s for one day", one.Backup, two.Backup)
	}
}

// TestOutages takes away one thing after the other in the middle of a backup; each
// time the work ends right by itself.
func TestOutages(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Wire: true})
	for _, each := range []struct {
		name   string
		during string // the outside call at which it happens
		do     func() error
	}{
		{"the worker is killed in a dump", "start pg_dump", func() error { return world.Workers["core,backup"].Kill() }},
		{"the driller is killed in a restore", "start pg_restore", func() error { return world.Workers["drill"].Kill() }},
		{"Postgres is gone", "start pg_dump", func() error { return gone(world.MainWire) }},
		{"the drill cluster is gone", "start pg_restore", func() error { return gone(world.DrillWire) }},
		{"the bucket does not answer", "start pg_dump", func() error { return unavailable(world) }},
		{"the worker stands still", "start pg_dump", func() error {
			worker := world.Workers["core,backup"]
			err := worker.Pause()
			time.Sleep(outage) //nolint:forbidigo // the length of the outage itself
			return errors.Join(err, worker.Resume())
		}},
		{"the clock jumps ahead within the day", "start pg_dump", func() error { return world.Move(time.Hour) }},
	} {
		if err := world.Move(day); err != nil {
			t.Fatal(err)
		}
		world.Gate.Arm(harness.Plan{})
		wait := begin(t, world, "")
		reached(t, world, each.during)
		if err := each.do(); err != nil {
			t.Fatal(each.name, ": ", err)
		}
		result, err := wait()
		if err != nil || result.State != catalogue.Drilled {
			t.Fatalf("%s: %+v, %v", each.name, result, err)
		}
		if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
			t.Fatalf("%s: %v, %v", each.name, found, err)
		}
		if _, err := world.Prune(t.Context()); err != nil {
			t.Fatal(each.name, ": ", err)
		}
	}
}

func gone(wire *harness.Wire) error {
	wire.Cut()
	time.Sleep(outage) //nolint:forbidigo // the length of the outage itself
	wire.Mend()
	return nil
}

func unavailable(world *harness.World) error {
	_, err := world.Storage.InjectFault(gcs.Fault{Mode: gcs.ModeUnavailableBefore, Count: gcs.Forever})
	if err != nil {
		return fmt.Errorf("taking the bucket away: %w", err)
	}
	time.Sleep(outage) //nolint:forbidigo // the length of the outage itself
	world.Storage.ClearFaults()
	return nil
}

// TestClockSetBack refuses nothing silently and breaks nothing: the ledger waits
// until time goes on from where it was.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{})
	result, err := world.Backup(t.Context(), "app")
	proven(t, result, err)
	if err := world.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := world.Move(-2 * day); err != nil {
		t.Fatal(err)
	}
	result, err = world.Backup(t.Context(), "app")
	proven(t, result, err)
	if err := world.Move(2*day + time.Minute); err != nil {
		t.Fatal(err)
	}
}
