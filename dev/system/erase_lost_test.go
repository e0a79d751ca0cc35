package system_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	"steward/dev/harness"
	"steward/internal/faults"
)

// TestTemporalsDatabasesAreDropped drops both databases of Temporal while three erasures are under way: one waits for its
// approval, one has its tombstone and erases at that moment, one waits until its account is gone everywhere. Setup and
// `steward reconcile` are all that is done about it: each account is erased, once, as CheckWorld sees.
func TestTemporalsDatabasesAreDropped(t *testing.T) {
	t.Parallel()
	options := erasing()
	options.Temporal = true
	world := harness.New(t, options)
	command := commandIn(t, world, buildSteward(t))
	early, middle, late := added(t, world), added(t, world), added(t, world)
	waiting, before := opened(t, world, late, "waiting"), asked(t, world, early)
	executing := midway(t, world, middle)
	all := []string{before, executing, waiting}

	began := time.Now()
	// It would start them again by itself, when its hour comes.
	if err := world.Workers["core"].Pause(); err != nil {
		t.Fatal(err)
	}
	if err := world.LoseTemporal(t.Context()); err != nil {
		t.Fatal(err)
	}
	// The step that was under way goes on, and has nobody to tell.
	if err := world.Workers["erase"].Resume(); err != nil {
		t.Fatal(err)
	}
	outcomes, _ := command.setup(t, exitOK)
	if made := outcomes["namespace "+world.Namespace]; made != "created" {
		t.Fatalf("the namespace, which was lost, is %q: %v", made, outcomes)
	}
	if known := runs(t, world, all); known != 0 {
		t.Fatalf("after the loss Temporal still knows %d of the cases", known)
	}
	var told struct{ Erasures int }
	command.read(t, &told, exitOK, "reconcile")
	if known := runs(t, world, all); told.Erasures != len(all) || known != len(all) {
		t.Errorf("reconcile has started %d cases, Temporal knows %d", told.Erasures, known)
	}
	if err := world.Workers["core"].Resume(); err != nil {
		t.Fatal(err)
	}
	t.Logf("lost, set up and reconciled in %s", time.Since(began).Round(time.Millisecond))

	if err := world.Approve(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for _, id := range all {
		finish(t, world, id)
	}
}

// midway approves a case, and stops the worker that erases when it has begun: the tombstone is there, the end is not.
func midway(t *testing.T, world *harness.World, account harness.Account) (id string) {
	t.Helper()
	id = asked(t, world, account)
	paused := make(chan error, 1)
	world.Gate.Arm(harness.Plan{
		N: 5, Mode: faults.Pass, Counts: func(call harness.Call) bool { return call.Part.Operation == "ExecuteErasure" },
		Then: func() { paused <- world.Workers["erase"].Pause() },
	})
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	select {
	case err := <-paused:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("it never began to erase")
	}
	world.Gate.Disarm()
	stage, err := world.Stage(t.Context(), id)
	if err != nil || !slices.Contains([]string{"executing", "verifying"}, stage) {
		t.Fatalf("the case is %s, %v", stage, err)
	}
	return id
}

// runs counts the cases whose workflow Temporal knows.
func runs(t *testing.T, world *harness.World, cases []string) (known int) {
	t.Helper()
	for _, id := range cases {
		run, err := world.ErasureRun(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		_, err = world.Temporal.DescribeWorkflowExecution(t.Context(), run, "")
		if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		known++
	}
	return known
}
