package system_test

import (
	"net/http"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/faults"
	"steward/workflows"
)

// TestRecordErasureHistories records what Erasure does: see TestRecordHistories.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordErasureHistories(t *testing.T) {
	r := newRecorder(t, erasing())
	r.whole("whole", harness.Plan{})
	r.whole("retried", harness.Plan{N: 20, Mode: faults.Before, Counts: func(call harness.Call) bool {
		return call.Part.Operation == "ExecuteErasure"
	}})
	r.cancelledErasure()
	r.heldErasure()
	r.changedErasure()
}

// erasure keeps the history of a case.
func (r recorder) erasure(scene, id string) {
	r.Helper()
	run, err := r.world.ErasureRun(r.Context(), id)
	r.must(err)
	// The last decision comes before the end of the run.
	r.must(r.world.Temporal.GetWorkflow(r.Context(), run, "").Get(r.Context(), nil))
	r.keep(workflows.ErasureName, scene, run)
}

// whole erases an account.
func (r recorder) whole(scene string, plan harness.Plan) {
	r.Helper()
	account := added(r.T, r.world)
	r.world.Gate.Arm(plan)
	id, err := r.world.Erase(r.Context(), account.ID)
	r.must(err)
	if _, hit := r.world.Gate.Disarm(); (hit == nil) != (plan.N == 0) {
		r.Fatal("what should have failed has not")
	}
	r.erasure(scene, id)
}

// cancelledErasure is stopped before its approval.
func (r recorder) cancelledErasure() {
	r.Helper()
	id := asked(r.T, r.world, added(r.T, r.world))
	cancel(r.T, r.world, id)
	await(r.T, r.world, id, "cancelled")
	r.erasure("cancelled", id)
}

// heldErasure meets a hold, which is released.
func (r recorder) heldErasure() {
	r.Helper()
	account := added(r.T, r.world)
	id := asked(r.T, r.world, account)
	var hold struct{ ID string }
	r.must(r.world.Ask(r.Context(), r.world.Callers.Lead, http.MethodPost, "/v1/holds", map[string]any{
		"account": account.ID, "basis": "docket 4711", "until": r.world.Now().Add(day).UTC().Format(time.RFC3339),
	}, &hold))
	await(r.T, r.world, id, "held")
	r.must(r.world.Ask(r.Context(), r.world.Callers.Lead, http.MethodPost, "/v1/holds/"+hold.ID+"/release", nil, nil))
	await(r.T, r.world, id, "awaiting_approval")
	r.must(r.world.Approve(r.Context(), id))
	finish(r.T, r.world, id)
	r.erasure("held_and_released", id)
}

// changedErasure meets a sign of life while it closes: it is reopened, planned anew and approved once more.
func (r recorder) changedErasure() {
	r.Helper()
	account := added(r.T, r.world)
	id := asked(r.T, r.world, account)
	login := lastMoments()[0]
	told := make(chan error, 1)
	r.world.Gate.Arm(harness.Plan{
		N: 1, Mode: faults.Hang, Counts: func(call harness.Call) bool { return call.Part.Operation == "CommitTombstone" },
		Then: func() {
			_, err := login.do(r.Context(), r.world, account, id)
			told <- err
		},
	})
	r.must(r.world.Approve(r.Context(), id))
	r.must(<-told)
	await(r.T, r.world, id, "awaiting_approval")
	r.world.Gate.Disarm()
	r.must(r.world.Approve(r.Context(), id))
	finish(r.T, r.world, id)
	r.erasure("taken_back", id)
}
