package workflows_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/workflows"
)

// reported runs BackupEvidence over an activity that answers as given, and gives
// what an operator sees at its end; last is the stage that the run has to end in.
func reported(
	t *testing.T, last string, do func(attempt int) (activities.ReportResult, error),
) (result activities.ReportResult, details string, err error) {
	t.Helper()

	env, calls := newEnvironment(), 0
	params := workflows.BackupEvidenceParams{Month: "2026-11", Database: "app"}

	env.RegisterActivityWithOptions(func(ctx context.Context, asked activities.ReportParams) (activities.ReportResult, error) {
		calls++

		info := activity.GetInfo(ctx)
		if info.TaskQueue != workflows.CoreQueue || info.StartToCloseTimeout != 30*time.Second ||
			asked != (activities.ReportParams{Month: "2026-11", Database: "app"}) {
			t.Errorf("queue %s, timeout %s, %+v", info.TaskQueue, info.StartToCloseTimeout, asked)
		}

		result, err := do(calls)
		if err != nil {
			return activities.ReportResult{}, boundary.Outside(err)
		}

		return result, nil
	}, activity.RegisterOptions{Name: "SignEvidence"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (activities.ReportResult, error) {
		result, err := workflows.Promises{}.BackupEvidence(ctx, params)
		details = workflow.GetCurrentDetails(ctx)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.BackupEvidenceName})
	upserts(env, []temporal.SearchAttributeUpdate{workflows.PromiseKey.ValueSet("backups"), workflows.StageKey.ValueSet("reporting")}, stage(last))
	env.ExecuteWorkflow(workflows.BackupEvidenceName)
	env.AssertExpectations(t)

	if err = env.GetWorkflowError(); err == nil {
		err = env.GetWorkflowResult(&result)
	}

	return result, details, err
}

func TestBackupEvidence(t *testing.T) {
	t.Parallel()

	made := activities.ReportResult{Databases: 2, Due: 60, Proven: 59, Broken: 1, Report: "{}", Note: "signed"}

	result, details, err := reported(t, "reported", func(attempt int) (activities.ReportResult, error) {
		if attempt < 3 {
			return activities.ReportResult{}, failure.New(failure.Unavailable, "reading")
		}

		return made, nil
	})
	if err != nil || result != made {
		t.Errorf("%+v, %v", result, err)
	}

	detailsHold(t, details, "- **done** Read catalogue and ledger, assemble the month, sign it: 2 databases, 59 of 60 days proven, 1 findings say broken, 2 B\n")
}

// A report that cannot be made fails at once where trying again is no use, else
// when somebody has waited long enough.
func TestBackupEvidenceFails(t *testing.T) {
	t.Parallel()

	for code, again := range map[failure.Code]bool{failure.ReportRefused: false, failure.LedgerTampered: false, failure.Unavailable: true} {
		calls := 0

		_, details, err := reported(t, "failed", func(attempt int) (activities.ReportResult, error) {
			calls = attempt

			return activities.ReportResult{}, failure.New(code, "assembling")
		})
		if boundary.CodeOf(err) != code || (calls > 1) != again || calls > 20 {
			t.Errorf("%v after %d calls", err, calls)
		}

		detailsHold(t, details, "- **failed** Read catalogue and ledger", "(`"+string(code)+"`)")
	}
}
