package system_test

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/dev/harness"
	"steward/internal/ids"
	"steward/workflows"
)

// forgedQueue is that of a worker of somebody who reaches Temporal's port.
const forgedQueue = "forged"

// forgedSteps asks for every step of an erasure, the irreversible ones first and twice, in no order that anybody intended.
func forgedSteps(ctx workflow.Context, id string) (refused int, err error) {
	for _, each := range []struct{ queue, step string }{
		{workflows.EraseQueue, "ExecuteErasure"},
		{workflows.CoreQueue, "CommitTombstone"},
		{workflows.CoreQueue, "AwaitTombstoneSeal"},
		{workflows.EraseQueue, "CloseSubject"},
		{workflows.CoreQueue, "CommitTombstone"},
		{workflows.EraseQueue, "ExecuteErasure"},
		{workflows.EraseQueue, "VerifyErasure"},
		{workflows.CoreQueue, "AnswerErasure"},
		{workflows.CoreQueue, "FinishErasure"},
		{workflows.EraseQueue, "ForgetErasure"},
		{workflows.EraseQueue, "ReopenSubject"},
		{workflows.CoreQueue, "DecideErasure"},
	} {
		step := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			TaskQueue: each.queue, StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		if workflow.ExecuteActivity(step, each.step, id).Get(step, nil) != nil {
			refused++
		}
	}
	return refused, nil
}

// TestForgedErasuresEraseNothing starts Erasure by a raw client for a case that nobody approved, for one that nobody opened
// and for another's; and then, by a worker of the forger's own, every step alone, under the very name of the case. No
// account is closed, no tombstone committed, no row erased; and that an erasure would be noticed is shown at the end.
func TestForgedErasuresEraseNothing(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	account, another := added(t, world), added(t, world)
	id, other := asked(t, world, account), asked(t, world, another)
	own, err := world.ErasureRun(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	forger := worker.New(world.Temporal, forgedQueue, worker.Options{})
	forger.RegisterWorkflowWithOptions(forgedSteps, workflow.RegisterOptions{Name: "forgedSteps"})
	if err := forger.Start(); err != nil {
		t.Fatal(err)
	}
	defer forger.Stop()
	before := erasureInventory(t, world)
	// Another's case, and one of nobody, under names of their own and under that of the case.
	for _, each := range []struct{ run, of string }{
		{"forged/1", ids.New("era")}, {"forged/2", id}, {own, other}, {own, ids.New("era")},
	} {
		f := forged(t, world, each.run, workflows.CoreQueue, workflows.ErasureName, workflows.ErasureParams{Erasure: each.of})
		if err := f.Get(t.Context(), nil); err == nil {
			t.Errorf("%s of %s ended well", each.run, each.of)
		}
	}
	for name, refusals := range map[string]int{"forged/3": 12, own: 0} {
		var refused int
		if err := forged(t, world, name, forgedQueue, "forgedSteps", id).Get(t.Context(), &refused); err != nil || refused < refusals {
			t.Errorf("the steps of %s: %d were refused, %v", name, refused, err)
		}
	}
	// The case itself, which goes on as far as it had come.
	forged(t, world, own, workflows.CoreQueue, workflows.ErasureName, workflows.ErasureParams{Erasure: id})
	if err := world.Temporal.SignalWorkflow(t.Context(), own, "", workflows.ErasureNews, "tombstoned"); err != nil {
		t.Fatal(err)
	}
	if now := erasureInventory(t, world); !slices.Equal(before, now) {
		t.Errorf("changed: %v", changes(before, now))
	}
	cancel(t, world, other)
	await(t, world, other, "cancelled")
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	finish(t, world, id)
	if len(changes(before, erasureInventory(t, world))) < 3 {
		t.Error("an erasure goes unnoticed")
	}
}

// forged starts a run in place of the one of that id, as somebody may who reaches Temporal.
func forged(t *testing.T, world *harness.World, id, queue, name string, input any) client.WorkflowRun {
	t.Helper()
	if err := world.Temporal.TerminateWorkflow(t.Context(), id, "", "forged"); err != nil {
		t.Log("nothing to end: ", err)
	}
	run, err := world.Temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: id, TaskQueue: queue, WorkflowRunTimeout: time.Minute,
	}, name, input)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// erasureInventory lists what forged erasures could change: cases, decisions, records for a restore, accounts, objects, and
// every row of the app.
func erasureInventory(t *testing.T, world *harness.World) []string {
	t.Helper()
	lines, err := harness.Rows(t.Context(), world.StewardURL, `select 'case ' || (to_jsonb(e) - 'news')::text from erasures as e
		union all select 'plan ' || erasure || ' ' || number || ' ' || sha256 from erasure_plans
		union all select 'tombstone ' || to_jsonb(t)::text from erasure_tombstones as t
		union all select 'record ' || to_jsonb(r)::text from replay_records as r
		union all select 'store ' || to_jsonb(s)::text from erasure_stores as s
		union all select 'certificate ' || id from erasure_certificates
		union all select 'key ' || case_id from case_keys
		union all select 'account ' || to_jsonb(a)::text from accounts as a order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := harness.Rows(t.Context(), world.AppURL, `select 'row ' || t::text from club.accounts as t
		union all select 'row ' || t::text from club.members as t union all select 'row ' || t::text from club.visits as t
		union all select 'row ' || t::text from club.files as t order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines = append(lines, rows...)
	for _, bucket := range []string{replays, uploads} {
		lines = append(lines, listing(t.Context(), t, world, bucket)...)
	}
	return lines
}
