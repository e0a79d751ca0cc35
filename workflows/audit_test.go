package workflows_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/workflows"
)

// seen is what an operator sees of a run at its end.
type seen struct {
	// Details are the current details, Stage is StewardStage, Promise is StewardPromise.
	Details, Stage, Promise string
	// Result is what the workflow answered, Failed the code of its failure.
	Result activities.AuditResult
	Failed failure.Code
}

// audited runs PromiseAudit over an activity that answers as given, and tells how often it was called.
func audited(t *testing.T, answer func(attempt int) (activities.AuditResult, error)) (saw seen, calls int) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)
	env.RegisterActivityWithOptions(func(ctx context.Context) (activities.AuditResult, error) {
		calls++

		info := activity.GetInfo(ctx)
		if info.TaskQueue != workflows.CoreQueue || info.StartToCloseTimeout != 5*time.Minute {
			t.Errorf("queue %s, timeout %s", info.TaskQueue, info.StartToCloseTimeout)
		}

		result, err := answer(calls)
		if err != nil {
			return activities.AuditResult{}, boundary.Outside(err)
		}

		return result, nil
	}, activity.RegisterOptions{Name: "AuditPromises"})
	env.ExecuteWorkflow(func(ctx workflow.Context) (seen, error) {
		result, err := workflows.Promises{}.PromiseAudit(ctx)
		attributes := workflow.GetTypedSearchAttributes(ctx)
		stage, _ := attributes.GetKeyword(workflows.StageKey)
		name, _ := attributes.GetKeyword(workflows.PromiseKey)

		saw := seen{Details: workflow.GetCurrentDetails(ctx), Stage: stage, Promise: name, Result: result}
		if err != nil {
			saw.Failed = boundary.CodeOf(err)
		}

		return saw, nil
	})

	if err := env.GetWorkflowResult(&saw); err != nil {
		t.Fatal(err)
	}

	return saw, calls
}

func detailsHold(t *testing.T, text string, wanted ...string) {
	t.Helper()

	for _, each := range wanted {
		if !strings.Contains(text, each) {
			t.Errorf("%q is not in\n%s", each, text)
		}
	}
}

func verdict(stage string, promises ...activities.JudgedPromise) activities.AuditResult {
	return activities.AuditResult{
		At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Stage: stage, Promises: promises, NotBuilt: 13, Alerts: 2, Changes: 1,
	}
}

func TestPromiseAuditShowsEveryPromise(t *testing.T) {
	t.Parallel()

	found := verdict("broken",
		activities.JudgedPromise{Name: "backups/app", State: "broken", Reason: "No drilled backup exists for 2026-11-21."},
		activities.JudgedPromise{Name: "backups/steward", State: "at risk", Reason: "It is late."},
		activities.JudgedPromise{Name: "ledger", State: "kept", Reason: "Both copies were verified."},
		activities.JudgedPromise{Name: "exposure", State: "observed", Reason: "Observed only."})
	saw, calls := audited(t, func(int) (activities.AuditResult, error) { return found, nil })

	detailsHold(t, saw.Details,
		"- **done** Read the evidence, judge every promise, tell who must know: as of 2026-11-22 12:00 UTC, 2 alerts, 1 changes in the ledger\n",
		"- **broken** backups/app: No drilled backup exists for 2026-11-21.\n", "- **at risk** backups/steward: It is late.\n",
		"- **kept** ledger: Both copies were verified.\n", "- **observed** exposure: Observed only.\n",
		"- **not built** 13 more promises of the policy: this version does not keep them\n")

	if saw.Stage != "broken" || saw.Promise != "ledger" || saw.Failed != "" || calls != 1 || len(saw.Result.Promises) != 4 {
		t.Errorf("%+v after %d calls", saw, calls)
	}
}

func TestPromiseAuditStages(t *testing.T) {
	t.Parallel()

	for _, stage := range []string{"kept", "at_risk", "broken"} {
		saw, _ := audited(t, func(int) (activities.AuditResult, error) { return activities.AuditResult{Stage: stage}, nil })
		if saw.Stage != stage || strings.Contains(saw.Details, "not built") || strings.Contains(saw.Details, "heartbeats") {
			t.Errorf("%s: %+v", stage, saw)
		}
	}
}

func TestPromiseAuditTellsWhatItCouldNotDo(t *testing.T) {
	t.Parallel()

	found := verdict("kept")
	found.Verification, found.HeartbeatFailures = failure.StorageRefused, 2
	saw, _ := audited(t, func(int) (activities.AuditResult, error) { return found, nil })

	detailsHold(t, saw.Details, "could not be verified: the bucket refused it (`storage_refused`)", "steward doctor", "2 heartbeats were not accepted")
}

func TestPromiseAuditIsTriedAgain(t *testing.T) {
	t.Parallel()

	saw, calls := audited(t, func(attempt int) (activities.AuditResult, error) {
		if attempt < 4 {
			return activities.AuditResult{}, failure.New(failure.Unavailable, "reading")
		}

		return verdict("kept"), nil
	})
	if calls != 4 || saw.Stage != "kept" {
		t.Errorf("%d calls, %+v", calls, saw)
	}
}

// An audit that cannot be made gives up after an hour, so that a fresh one can begin.
func TestPromiseAuditGivesUp(t *testing.T) {
	t.Parallel()

	saw, calls := audited(t, func(int) (activities.AuditResult, error) {
		return activities.AuditResult{}, failure.New(failure.Unavailable, "reading")
	})
	if calls < 10 || calls > 25 || saw.Stage != "failed" || saw.Failed == "" {
		t.Errorf("%d calls, %+v", calls, saw)
	}

	detailsHold(t, saw.Details, "- **failed** Read the evidence")
}

func TestPromiseAuditFailsForGood(t *testing.T) {
	t.Parallel()

	saw, calls := audited(t, func(int) (activities.AuditResult, error) {
		return activities.AuditResult{}, failure.New(failure.EvidenceMissing, "reading")
	})
	if calls != 1 || saw.Failed != failure.EvidenceMissing || saw.Stage != "failed" {
		t.Errorf("%d calls, %+v", calls, saw)
	}

	detailsHold(t, saw.Details, "**failed**", "`evidence_missing`")
}
