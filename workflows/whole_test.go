package workflows_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/catalogue"
	"steward/workflows"
)

// One try of a dump or a drill may take all that its run has left: a try begins from
// zero, so a database that needs longer than any other limit would fail each day.
func TestADatabaseMayTakeAllOfItsRun(t *testing.T) {
	t.Parallel()

	const whole = 20 * time.Hour

	var tries []activity.Info

	step := func(state catalogue.State) func(context.Context, string) (activities.BackupStatus, error) {
		return func(ctx context.Context, _ string) (activities.BackupStatus, error) {
			tries = append(tries, activity.GetInfo(ctx))

			return activities.BackupStatus{State: state}, nil
		}
	}

	env := newEnvironment()
	env.RegisterActivityWithOptions(func(context.Context, activities.OpenDayParams) (activities.OpenedDay, error) {
		return opened(2*time.Hour, whole), nil
	}, activity.RegisterOptions{Name: "OpenDay"})
	env.RegisterActivityWithOptions(func(context.Context) (activities.BucketLook, error) {
		return activities.BucketLook{}, nil
	}, activity.RegisterOptions{Name: "CheckBuckets"})
	env.RegisterActivityWithOptions(step(catalogue.Taken), activity.RegisterOptions{Name: "TakeBackup"})
	env.RegisterActivityWithOptions(step(catalogue.Drilled), activity.RegisterOptions{Name: "DrillBackup"})
	env.RegisterWorkflowWithOptions(workflows.Promises{}.DailyBackup, workflow.RegisterOptions{Name: workflows.DailyBackupName})
	env.ExecuteWorkflow(workflows.DailyBackupName, workflows.DailyBackupParams{Database: "app"})

	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}

	for _, try := range tries {
		// Of the run only seconds are gone.
		if left := try.Deadline.Sub(try.StartedTime); left < whole-time.Minute || left > whole || try.HeartbeatTimeout != time.Minute {
			t.Errorf("%s may take %s, and be silent for %s", try.ActivityType.Name, left, try.HeartbeatTimeout)
		}
	}

	if len(tries) != 2 {
		t.Errorf("%d tries", len(tries))
	}
}
