package system_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"steward/dev/harness"
	"steward/internal/faults"
)

// calamity is what happens in the middle of an erasure.
type calamity struct {
	name string
	do   func(ctx context.Context, world *harness.World, id string) error
	// lost says that nobody goes on by themselves: reconcile must.
	lost bool
}

func calamities() []calamity {
	return []calamity{
		{"connections ended by Postgres", endConnections, false},
		{"SIGKILL of Postgres", func(ctx context.Context, world *harness.World, _ string) error {
			return errors.Join(world.Main.Crash(), world.Main.Revive(ctx))
		}, false},
		{"SIGKILL of the worker that erases", func(_ context.Context, world *harness.World, _ string) error {
			return world.Workers["erase"].Kill()
		}, false},
		{"Temporal has lost the case", loseRun, true},
	}
}

// TestCalamitiesInTheMiddleOfAnErasure lets each come in each of the four long steps of an erasure, and while its tombstone is
// committed. The case ends right by itself, or by `steward reconcile` where Temporal has lost it: erased, once. Before its
// tombstone it can be cancelled all the same.
func TestCalamitiesInTheMiddleOfAnErasure(t *testing.T) {
	t.Parallel()
	options := erasing()
	options.Own = true
	world := harness.New(t, options)
	command := commandIn(t, world, buildSteward(t))
	moments := momentsOfAnErasure()
	seed := int(harness.TestSeed().Number % uint64(len(moments)))
	for n, each := range calamities() {
		for m, at := range moments {
			if !harness.Soak() && (n+m+seed)%len(moments) > 0 {
				continue // one moment of each, another with each seed
			}
			began := time.Now()
			each.in(t, world, command, at)
			t.Logf("%s in call %d of %s: %s", each.name, at.call, at.step, time.Since(began).Round(time.Millisecond))
		}
	}
	cancelledAfterACrash(t, world)
}

// moment is one outside call of a step.
type moment struct {
	step string
	call int
}

// momentsOfAnErasure are one in the middle of each long step, and three of the commit of the tombstone: when it has begun, before
// its last words, and at its end.
func momentsOfAnErasure() []moment {
	return []moment{
		{"PlanErasure", 20},
		{"CloseSubject", 20},
		{"CommitTombstone", 2},
		{"CommitTombstone", 9},
		{"CommitTombstone", 15},
		{"ExecuteErasure", 20},
		{"VerifyErasure", 20},
	}
}

// cancelledAfterACrash kills Postgres at each moment before a tombstone and while it is committed, and then asks for the case to be stopped: who
// was told that it is has the account as it was, and who was told that it is too late has it erased.
func cancelledAfterACrash(t *testing.T, world *harness.World) {
	t.Helper()
	moments := momentsOfAnErasure()[:5]
	for n, at := range moments {
		if !harness.Soak() && uint64(n)%3 != harness.TestSeed().Number%3 {
			continue
		}
		began := time.Now()
		account := added(t, world)
		answers := make(chan error, 1)
		world.Gate.Arm(harness.Plan{
			N: at.call, Mode: faults.Pass, Counts: func(call harness.Call) bool { return call.Part.Operation == at.step },
			Then: func() {
				err := errors.Join(world.Main.Crash(), world.Main.Revive(t.Context()))
				if err == nil {
					err = cancelNewest(t.Context(), world, account)
				}
				answers <- err
			},
		})
		ctx, done := context.WithTimeout(t.Context(), runTimeout)
		err := cancelledOrErased(ctx, world, account, answers)
		done()
		if _, hit := world.Gate.Disarm(); hit == nil {
			t.Errorf("nothing was called at call %d of %s", at.call, at.step)
		}
		if err != nil {
			t.Fatalf("SIGKILL of Postgres at call %d of %s, and a cancellation: %v", at.call, at.step, err)
		}
		if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
			t.Fatalf("SIGKILL of Postgres at call %d of %s, and a cancellation: %v, %v", at.call, at.step, found, err)
		}
		t.Logf("SIGKILL of Postgres at call %d of %s, and a cancellation: %s", at.call, at.step, time.Since(began).Round(time.Millisecond))
	}
}

// in lets it come at one moment.
func (c calamity) in(t *testing.T, world *harness.World, command steward, at moment) {
	t.Helper()
	step := at.step
	account := added(t, world)
	came := make(chan error, 1)
	world.Gate.Arm(harness.Plan{
		N: at.call, Mode: faults.Pass, Counts: func(call harness.Call) bool { return call.Part.Operation == step },
		Then: func() {
			id, err := open(t.Context(), world, account)
			if err == nil {
				err = c.do(t.Context(), world, id)
			}
			came <- err
		},
	})
	id, err := world.OpenErasure(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	if step != "PlanErasure" {
		await(t, world, id, "awaiting_approval")
		if err := world.Approve(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err = <-came:
	case <-time.After(runTimeout):
		err = errNotYet
	}
	world.Gate.Disarm()
	if err != nil {
		t.Fatalf("%s in %s: %v", c.name, step, err)
	}
	if c.lost {
		c.reconcile(t, world, command, id)
	}
	if step == "PlanErasure" {
		await(t, world, id, "awaiting_approval")
		if err := world.Approve(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, world, id)
	if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("%s in %s: %v, %v", c.name, step, found, err)
	}
}

// reconcile starts what Temporal has lost, by the command.
func (c calamity) reconcile(t *testing.T, world *harness.World, command steward, id string) {
	t.Helper()
	var told struct{ Erasures int }
	command.read(t, &told, exitOK, "reconcile")
	if told.Erasures != 1 {
		t.Errorf("reconcile has started %d cases", told.Erasures)
	}
	run, err := world.ErasureRun(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := world.Temporal.DescribeWorkflowExecution(t.Context(), run, ""); err != nil {
		t.Errorf("after reconcile: %v", err)
	}
	if err := world.Workers["core"].Resume(); err != nil {
		t.Fatal(err)
	}
}

// open gives the case of an account that has not ended.
func open(ctx context.Context, world *harness.World, account harness.Account) (string, error) {
	found, err := harness.Rows(ctx, world.StewardURL, `select id from erasures where account = $1 and ended_at is null`, account.ID)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for the case of an account: %d found, %w", len(found), err)
	}
	return found[0], nil
}

// endConnections ends every connection to app and steward database, three times.
func endConnections(ctx context.Context, world *harness.World, _ string) error {
	const storms = 3
	for range storms {
		for _, at := range []string{world.AppURL, world.StewardURL} {
			_, err := harness.Rows(ctx, at, `with others as materialized (select pid from pg_stat_activity
				where pid <> pg_backend_pid() and datname = current_database()) select pid::text from others where pg_terminate_backend(pid)`)
			if err != nil {
				return fmt.Errorf("ending connections: %w", err)
			}
		}
	}
	return nil
}

// loseRun takes the run of a case out of Temporal with its whole history, as a lost database does, while nobody of the
// core role notices: the worker that erases may be in the middle of its step.
func loseRun(ctx context.Context, world *harness.World, id string) error {
	if err := world.Workers["core"].Pause(); err != nil {
		return err
	}
	run, err := world.ErasureRun(ctx, id)
	if err != nil {
		return err
	}
	_, err = world.Temporal.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace: world.Namespace, WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run},
	})
	if err != nil {
		return fmt.Errorf("deleting a run: %w", err)
	}
	return harness.Until(ctx, func() error {
		_, err := world.Temporal.DescribeWorkflowExecution(ctx, run, "")
		if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
			return nil
		}
		return errors.Join(errNotYet, err)
	})
}
