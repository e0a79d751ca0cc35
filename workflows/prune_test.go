package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/workflows"
)

// newEnvironment is an empty server for one run.
func newEnvironment() *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(testTimeout)

	return env
}

// upserts makes a run fail unless it shows exactly these, in this order. Whatever
// the run needs must be registered before.
func upserts(env *testsuite.TestWorkflowEnvironment, wanted ...[]temporal.SearchAttributeUpdate) {
	calls := make([]*testsuite.MockCallWrapper, len(wanted))
	for i, updates := range wanted {
		calls[i] = env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(updates...)).Return(nil).Once()
	}

	env.InOrderMockCalls(calls...)
}

func stage(name string) []temporal.SearchAttributeUpdate {
	return []temporal.SearchAttributeUpdate{workflows.StageKey.ValueSet(name)}
}

// pruned runs PruneBackups over an activity that answers as given, and gives what
// an operator sees at its end; last is the stage that the run has to end in.
func pruned(
	t *testing.T, last string, do func(attempt int) (activities.PruneResult, error),
) (result activities.PruneResult, details string, err error) {
	t.Helper()

	env, calls := newEnvironment(), 0

	env.RegisterActivityWithOptions(func(ctx context.Context) (activities.PruneResult, error) {
		calls++

		info := activity.GetInfo(ctx)
		if info.TaskQueue != workflows.BackupQueue || info.HeartbeatTimeout != time.Minute {
			t.Errorf("queue %s, heartbeat timeout %s", info.TaskQueue, info.HeartbeatTimeout)
		}

		result, err := do(calls)
		if err != nil {
			return activities.PruneResult{}, boundary.Outside(err)
		}

		return result, nil
	}, activity.RegisterOptions{Name: "PruneBackups"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (activities.PruneResult, error) {
		result, err := workflows.Promises{}.PruneBackups(ctx)
		details = workflow.GetCurrentDetails(ctx)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.PruneBackupsName})
	upserts(env, []temporal.SearchAttributeUpdate{workflows.PromiseKey.ValueSet("backups"), workflows.StageKey.ValueSet("pruning")}, stage(last))
	env.ExecuteWorkflow(workflows.PruneBackupsName)
	env.AssertExpectations(t)

	if err = env.GetWorkflowError(); err == nil {
		err = env.GetWorkflowResult(&result)
	}

	return result, details, err
}

func TestPruneBackups(t *testing.T) {
	t.Parallel()

	found := activities.PruneResult{Kept: 7, Removed: 2, Exceptions: 1, Waiting: 3, Late: 1, Missing: 4, Foreign: 5}

	result, details, err := pruned(t, "pruned", func(attempt int) (activities.PruneResult, error) {
		if attempt < 3 {
			return activities.PruneResult{}, failure.New(failure.StorageRefused, "removing")
		}

		return found, nil
	})
	if err != nil || result != found {
		t.Errorf("%+v, %v", result, err)
	}

	detailsHold(t, details, "- **done** Remove what is past its time, prove it gone: 2 removed, 7 kept, 1 of them as an exception, "+
		"3 objects wait for the bucket to let them go, 1 objects are still there past their time, 4 objects are missing from the bucket, "+
		"5 objects in the bucket are not Steward's\n")
}

// A prune that cannot be done ends as failed: at once where trying again is no
// use, else when its tries are over.
func TestPruneBackupsFails(t *testing.T) {
	t.Parallel()

	for code, again := range map[failure.Code]bool{failure.EvidenceMissing: false, failure.StillListed: true} {
		calls := 0

		_, details, err := pruned(t, "failed", func(attempt int) (activities.PruneResult, error) {
			calls = attempt

			return activities.PruneResult{}, failure.New(code, "removing")
		})
		if boundary.CodeOf(err) != code || (calls > 1) != again {
			t.Errorf("%v after %d calls", err, calls)
		}

		detailsHold(t, details, "- **failed** Remove what is past its time", "(`"+string(code)+"`)", "steward doctor")
	}
}

// What operators search for while a backup is at work: the promise, the database
// and the stage, a second round included.
func TestDailyBackupShowsItsStages(t *testing.T) {
	t.Parallel()

	opening := []temporal.SearchAttributeUpdate{
		workflows.PromiseKey.ValueSet("backups"), workflows.SubjectKey.ValueSet("app"), workflows.StageKey.ValueSet("opening"),
	}

	for name, c := range map[string]struct {
		opened catalogue.State
		refuse failure.Code // of the first drill
		always bool         // each drill refuses
		stages []string     // after opening
	}{
		"plain":            {opened: catalogue.Running, stages: []string{"dumping", "drilling", "drilled"}},
		"done before":      {opened: catalogue.Drilled, stages: []string{"drilled"}},
		"second round":     {opened: catalogue.Running, refuse: failure.ContentDiffers, stages: []string{"dumping", "drilling", "dumping", "drilling", "drilled"}},
		"no use in trying": {opened: catalogue.Running, refuse: failure.DecryptFailed, always: true, stages: []string{"dumping", "drilling", "failed"}},
	} {
		env := newEnvironment()
		wanted := [][]temporal.SearchAttributeUpdate{opening}

		for _, each := range c.stages {
			wanted = append(wanted, stage(each))
		}

		status, drills := activities.BackupStatus{Backup: "bkp_x", Day: "2026-11-22", State: c.opened}, 0

		env.RegisterActivityWithOptions(func(context.Context, activities.OpenDayParams) (activities.BackupStatus, error) {
			return status, nil
		}, activity.RegisterOptions{Name: "OpenDay"})
		env.RegisterActivityWithOptions(func(context.Context) (activities.BucketLook, error) {
			return activities.BucketLook{}, nil
		}, activity.RegisterOptions{Name: "CheckBuckets"})
		env.RegisterActivityWithOptions(func(context.Context, string) (activities.BackupStatus, error) {
			return activities.BackupStatus{State: catalogue.Taken}, nil
		}, activity.RegisterOptions{Name: "TakeBackup"})
		env.RegisterActivityWithOptions(func(context.Context, string) (activities.BackupStatus, error) {
			drills++

			if c.refuse != "" && (drills == 1 || c.always) {
				return status, boundary.Outside(failure.New(c.refuse, "drilling"))
			}

			return activities.BackupStatus{State: catalogue.Drilled}, nil
		}, activity.RegisterOptions{Name: "DrillBackup"})
		upserts(env, wanted...)
		env.ExecuteWorkflow(workflows.Promises{}.DailyBackup, workflows.DailyBackupParams{Database: "app"})

		if err := env.GetWorkflowError(); (err != nil) != c.always {
			t.Errorf("%s: %v", name, err)
		}

		env.AssertExpectations(t)
	}
}
