package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/workflows"
)

// timed is a run of DailyBackup whose steps fail until they are told to work. The
// SDK's test suite makes ten tries of a step, which are twenty minutes here: days
// are shorter in these tests.
type timed struct {
	opened activities.OpenedDay
	openOK bool
	// upAfter is how long after the start the source answers again.
	upAfter time.Duration
	// drillDown says that no drill can be made.
	drillDown bool

	// mendedAfter is how long after the start the bucket is mended; lookFails ends
	// each look at it.
	mendedAfter time.Duration
	lookFails   error
	// cancelAfter is how long after the start somebody cancels the run; 0 is never.
	cancelAfter time.Duration

	// What was seen: at each look at the bucket, at each try of the dump, and at the end.
	overdueAt []time.Duration // when a try saw the run overdue
	looks     []shown
	takes     int
	details   string
	err       error
	ran       time.Duration
	stage     string
	overdue   bool
	dueAt     time.Time
	code      failure.Code
}

func (c *timed) look(ctx workflow.Context, begun time.Time, err error) {
	attributes := workflow.GetTypedSearchAttributes(ctx)
	c.stage, _ = attributes.GetKeyword(workflows.StageKey)
	c.overdue, _ = attributes.GetBool(workflows.OverdueKey)
	c.dueAt, _ = attributes.GetTime(workflows.DueAtKey)
	c.ran, c.err, c.details = workflow.Now(ctx).Sub(begun), err, workflow.GetCurrentDetails(ctx)

	if err != nil {
		c.code = boundary.CodeOf(err)
	}
}

func (c *timed) run(t *testing.T) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(testTimeout)

	begun, current := env.Now(), workflow.Context(nil)

	env.RegisterActivityWithOptions(func(context.Context, activities.OpenDayParams) (activities.OpenedDay, error) {
		if !c.openOK {
			return activities.OpenedDay{}, boundary.Outside(failure.New(failure.Unavailable, "testing"))
		}

		return c.opened, nil
	}, activity.RegisterOptions{Name: "OpenDay"})
	env.RegisterActivityWithOptions(func(context.Context) (activities.BucketLook, error) {
		c.looks = append(c.looks, c.shown(current))

		if env.Now().Sub(begun) < c.mendedAfter {
			return activities.BucketLook{Drift: drift()}, c.lookFails
		}

		return activities.BucketLook{}, c.lookFails
	}, activity.RegisterOptions{Name: "CheckBuckets"})
	env.RegisterActivityWithOptions(func(context.Context, string) (activities.BackupStatus, error) {
		c.takes++
		late, _ := workflow.GetTypedSearchAttributes(current).GetBool(workflows.OverdueKey)
		if late {
			c.overdueAt = append(c.overdueAt, env.Now().Sub(begun))
		}

		if env.Now().Sub(begun) < c.upAfter {
			return activities.BackupStatus{}, boundary.Outside(failure.New(failure.DumpFailed, "testing"))
		}

		return activities.BackupStatus{State: catalogue.Taken}, nil
	}, activity.RegisterOptions{Name: "TakeBackup"})
	env.RegisterActivityWithOptions(func(context.Context, string) (activities.BackupStatus, error) {
		if c.drillDown {
			return activities.BackupStatus{}, boundary.Outside(failure.New(failure.Unavailable, "testing"))
		}

		return activities.BackupStatus{State: catalogue.Drilled}, nil
	}, activity.RegisterOptions{Name: "DrillBackup"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context, params workflows.DailyBackupParams) error {
		current = ctx
		_, err := workflows.Promises{}.DailyBackup(ctx, params)
		c.look(ctx, begun, err)

		return nil
	}, workflow.RegisterOptions{Name: workflows.DailyBackupName})

	if c.cancelAfter > 0 {
		env.RegisterDelayedCallback(env.CancelWorkflow, c.cancelAfter)
	}

	env.ExecuteWorkflow(workflows.DailyBackupName, workflows.DailyBackupParams{Database: "app"})

	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
}

func opened(dueIn, endIn time.Duration) activities.OpenedDay {
	day := activities.OpenedDay{DayTimes: activities.DayTimes{DueIn: dueIn, EndIn: endIn, DueAt: time.Date(2026, 11, 22, 4, 30, 0, 0, time.UTC)}}
	day.Backup, day.Day, day.State = "bkp_x", "2026-11-22", catalogue.Running

	return day
}

// A run that is done in time says when it was due, and is never overdue.
func TestARunInTimeIsNotOverdue(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(10*time.Minute, 20*time.Minute), upAfter: 5 * time.Minute}
	c.run(t)

	if c.code != "" || c.overdue || !c.dueAt.Equal(c.opened.DueAt) || c.stage != "drilled" || c.ran > 10*time.Minute || len(c.overdueAt) > 0 {
		t.Errorf("%+v", c)
	}
}

// Past its due time a run is overdue while its step is still being tried, not only when that ends.
func TestAStuckRunIsOverdue(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(5*time.Minute, 20*time.Minute), upAfter: 12 * time.Minute}
	c.run(t)

	if c.code != "" || !c.overdue || len(c.overdueAt) < 2 || c.overdueAt[0] < 5*time.Minute || c.overdueAt[0] > 11*time.Minute {
		t.Errorf("%+v", c)
	}
}

// A run that begins after its due time is overdue from its start.
func TestALateRunIsOverdueAtOnce(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(-time.Hour, 17*time.Hour), upAfter: time.Minute}
	c.run(t)

	if c.code != "" || !c.overdue || len(c.overdueAt) == 0 {
		t.Errorf("%+v", c)
	}
}

// All steps of a run share one deadline, so that it ends before the next day's run.
func TestARunGivesUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(5*time.Minute, 15*time.Minute), upAfter: 8 * time.Minute, drillDown: true}
	c.run(t)

	if c.code == "" || c.stage != "failed" || c.ran < 10*time.Minute || c.ran > 15*time.Minute {
		t.Errorf("%+v", c)
	}
}

// A day that cannot be opened ends within the budget too, and says that it failed.
func TestADayThatCannotBeOpened(t *testing.T) {
	t.Parallel()

	c := timed{}
	c.run(t)

	if c.code == "" || c.stage != "failed" || c.overdue || !c.dueAt.IsZero() || c.ran > 20*time.Hour+time.Minute {
		t.Errorf("%+v", c)
	}
}

// A run by hand stands for no time of the policy, so nothing is due.
func TestARunByHandIsNeverOverdue(t *testing.T) {
	t.Parallel()

	c := timed{openOK: true, opened: opened(0, 20*time.Hour), upAfter: 12 * time.Minute}
	c.opened.DueAt = time.Time{}
	c.run(t)

	if c.code != "" || c.overdue || !c.dueAt.IsZero() || c.stage != "drilled" {
		t.Errorf("%+v", c)
	}
}
