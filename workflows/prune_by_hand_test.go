package workflows_test

import (
	"context"
	"slices"
	"testing"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/workflows"
)

// handRun is what came of a PruneByHand: what was called, how the act ended, and
// what an operator sees at its end.
type handRun struct {
	calls   []string
	details string
}

// byHand runs PruneByHand over activities that fail as given.
func byHand(t *testing.T, beginning, pruning, ending failure.Code) (handRun, error) {
	t.Helper()

	var run handRun

	env := newEnvironment()
	note := func(ctx context.Context, act string, code failure.Code) error {
		info := activity.GetInfo(ctx)
		if call := info.ActivityType.Name + " on " + info.TaskQueue; len(run.calls) == 0 || run.calls[len(run.calls)-1] != call {
			run.calls = append(run.calls, call) // tries of one step are one
		}

		if act != "act_x" {
			t.Errorf("the act is %q", act)
		}

		if code == "" {
			return nil
		}

		return boundary.Outside(failure.New(code, "pruning"))
	}

	env.RegisterActivityWithOptions(func(ctx context.Context, act string) error {
		return note(ctx, act, beginning)
	}, activity.RegisterOptions{Name: "BeginAct"})
	env.RegisterActivityWithOptions(func(ctx context.Context, act string) (activities.PruneResult, error) {
		return activities.PruneResult{Removed: 2, Kept: 1}, note(ctx, act, pruning)
	}, activity.RegisterOptions{Name: "ExecutePrune"})
	env.RegisterActivityWithOptions(func(ctx context.Context, end activities.ActEnd) (string, error) {
		return "as the database says", note(ctx, end.Act, ending)
	}, activity.RegisterOptions{Name: "EndAct"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (activities.PruneResult, error) {
		result, err := workflows.Promises{}.PruneByHand(ctx, workflows.PruneByHandParams{Act: "act_x"})
		run.details = workflow.GetCurrentDetails(ctx)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.PruneByHandName})

	last := "pruned"
	if beginning+pruning+ending != "" {
		last = "failed"
	}

	upserts(env, []temporal.SearchAttributeUpdate{workflows.PromiseKey.ValueSet("backups"), workflows.StageKey.ValueSet("pruning")}, stage(last))
	env.ExecuteWorkflow(workflows.PruneByHandName)
	env.AssertExpectations(t)

	return run, env.GetWorkflowError()
}

// The intent comes before, the outcome after, each by the role that writes it; also
// where nobody knows whether the intent was written. How it ended is what the database
// says, not the run.
func TestPruneByHand(t *testing.T) {
	t.Parallel()

	const begin, execute, end = "BeginAct on core", "ExecutePrune on backup", "EndAct on core"

	for _, c := range []struct {
		beginning, pruning, ending failure.Code
		calls                      []string
		details                    string
	}{
		{"", "", "", []string{begin, execute, end}, "- **done** Remove what was agreed to, prove it gone: 2 removed, 1 kept"},
		{"", "", "", []string{begin, execute, end}, "- **done** Write the outcome to the ledger: as the database says"},
		{"", failure.PlanChanged, "", []string{begin, execute, end}, "- **failed** Remove what was agreed to"},
		{"", failure.PlanChanged, "", []string{begin, execute, end}, "- **done** Write the outcome to the ledger: as the database says"},
		{failure.EvidenceMissing, "", "", []string{begin}, "- **failed** Write the intent"},
		{failure.Unavailable, "", "", []string{begin, end}, "- **failed** Write the intent"},
		{failure.Unavailable, "", "", []string{begin, end}, "- **done** Write the outcome to the ledger: as the database says"},
		{"", "", failure.EvidenceMissing, []string{begin, execute, end}, "- **failed** Write the outcome"},
	} {
		run, err := byHand(t, c.beginning, c.pruning, c.ending)

		if want := c.beginning + c.pruning + c.ending; (err != nil) != (want != "") || err != nil && boundary.CodeOf(err) != want {
			t.Errorf("%+v: %v", c, err)
		}

		if !slices.Equal(run.calls, c.calls) {
			t.Errorf("%+v: %+v", c, run)
		}

		detailsHold(t, run.details, c.details)
	}
}
