package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/failure"
	"steward/workflows"
)

// copyingDay runs a DailyBackup under a policy with one other location, whose copy
// answers as given, and gives what an operator sees at its end.
//
//nolint:revive // a result, what is seen of it, and how it went
func copyingDay(
	t *testing.T, opened catalogue.State, do func(context.Context, string) (copies.Result, error),
) (result workflows.DailyBackupResult, details string, took time.Duration, err error) {
	t.Helper()

	env := newEnvironment()
	env.RegisterActivityWithOptions(func(context.Context, activities.OpenDayParams) (activities.OpenedDay, error) {
		return activities.OpenedDay{
			BackupStatus: activities.BackupStatus{Backup: "bkp_x", Day: "2026-11-22", State: opened},
			DayTimes:     activities.DayTimes{EndIn: 20 * time.Hour}, Places: 1,
		}, nil
	}, activity.RegisterOptions{Name: "OpenDay"})
	env.RegisterActivityWithOptions(func(context.Context) (activities.BucketLook, error) {
		return activities.BucketLook{}, nil
	}, activity.RegisterOptions{Name: "CheckBuckets"})

	for name, state := range map[string]catalogue.State{"TakeBackup": catalogue.Taken, "DrillBackup": catalogue.Drilled} {
		env.RegisterActivityWithOptions(func(context.Context, string) (activities.BackupStatus, error) {
			return activities.BackupStatus{Backup: "bkp_x", Day: "2026-11-22", State: state}, nil
		}, activity.RegisterOptions{Name: name})
	}

	env.RegisterActivityWithOptions(do, activity.RegisterOptions{Name: "CopyBackup"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (workflows.DailyBackupResult, error) {
		began := workflow.Now(ctx)
		result, err := workflows.Promises{}.DailyBackup(ctx, workflows.DailyBackupParams{Database: "app"})
		details, took = workflow.GetCurrentDetails(ctx), workflow.Now(ctx).Sub(began)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.DailyBackupName})
	env.ExecuteWorkflow(workflows.DailyBackupName)

	if err = env.GetWorkflowError(); err == nil {
		err = env.GetWorkflowResult(&result)
	}

	return result, details, took, err
}

// A day is copied once it is drilled, also one that an earlier run drilled.
func TestADrilledDayIsCopied(t *testing.T) {
	t.Parallel()

	for _, opened := range []catalogue.State{catalogue.Running, catalogue.Drilled} {
		result, details, _, err := copyingDay(t, opened, func(ctx context.Context, id string) (copies.Result, error) {
			if queue := activity.GetInfo(ctx).TaskQueue; queue != workflows.CopiesQueue || id != "bkp_x" {
				t.Errorf("%s on %s", id, queue)
			}

			return copies.Result{Copied: 1}, nil
		})
		if err != nil || result.State != catalogue.Drilled || !strings.Contains(details, "**done** Copy to the other locations: 1 copied") {
			t.Errorf("%+v, %v\n%s", result, err, details)
		}
	}
}

// Runs that began before copies had a task queue of their own go on in that of the
// backups.
func TestCopiesOfRunsFromBeforeTheirQueue(t *testing.T) {
	t.Parallel()

	env, queue := newEnvironment(), ""
	env.RegisterActivityWithOptions(func(ctx context.Context) (copies.Result, error) {
		queue = activity.GetInfo(ctx).TaskQueue

		return copies.Result{}, nil
	}, activity.RegisterOptions{Name: "CopyMissing"})
	env.RegisterWorkflowWithOptions(workflows.Promises{}.CopyBackups, workflow.RegisterOptions{Name: workflows.CopyBackupsName})
	env.OnGetVersion("copies-queue", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	env.ExecuteWorkflow(workflows.CopyBackupsName)

	if err := env.GetWorkflowError(); err != nil || queue != workflows.BackupQueue {
		t.Errorf("%v, on %s", err, queue)
	}
}

// A location that does not answer fails no backup: the run waits an hour for it,
// shows why, and ends well.
func TestACopyThatFailsFailsNoBackup(t *testing.T) {
	t.Parallel()

	for _, code := range []failure.Code{failure.Unavailable, failure.BucketDrift, failure.SignatureInvalid} {
		result, details, took, err := copyingDay(t, catalogue.Running, func(context.Context, string) (copies.Result, error) {
			return copies.Result{}, boundary.Outside(failure.New(code, "testing"))
		})
		if err != nil || result.State != catalogue.Drilled || took > 2*time.Hour ||
			!strings.Contains(details, "**failed** Copy to the other locations") || !strings.Contains(details, string(code)) {
			t.Errorf("%s: %+v, %v after %s\n%s", code, result, err, took, details)
		}
	}
}

// The hourly look copies what is missing, and is tried until it works.
func TestCopyBackups(t *testing.T) {
	t.Parallel()

	for last, codes := range map[string][]failure.Code{"copied": {failure.Unavailable, ""}, "failed": {failure.SignatureInvalid}} {
		env, calls, details := newEnvironment(), 0, ""
		env.RegisterActivityWithOptions(func(ctx context.Context) (copies.Result, error) {
			calls++

			if activity.GetInfo(ctx).TaskQueue != workflows.CopiesQueue {
				t.Error("a copy would hold up backups")
			}

			return copies.Result{Copied: 1, There: 2, TooLate: 3}, answer(codes, calls-1)
		}, activity.RegisterOptions{Name: "CopyMissing"})
		env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (copies.Result, error) {
			result, err := workflows.Promises{}.CopyBackups(ctx)
			details = workflow.GetCurrentDetails(ctx)

			return result, err
		}, workflow.RegisterOptions{Name: workflows.CopyBackupsName})
		upserts(env, []temporal.SearchAttributeUpdate{workflows.PromiseKey.ValueSet("backups"), workflows.StageKey.ValueSet("copying")}, stage(last))
		env.ExecuteWorkflow(workflows.CopyBackupsName)
		env.AssertExpectations(t)

		if failed := env.GetWorkflowError() != nil; failed != (last == "failed") {
			t.Errorf("%s: %v", last, env.GetWorkflowError())
		}

		if last == "copied" && !strings.Contains(details, "1 copied, 2 were there, 3 are too old") {
			t.Error(details)
		}
	}
}
