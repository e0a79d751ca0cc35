package workflows_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/workflows"
)

// testTimeout is wall time; a busy machine needs more than the SDK's three seconds.
const testTimeout = time.Minute

// script answers the activities of one run: an empty code is success, and the
// last answer of a list is repeated.
type script struct {
	opened            catalogue.State
	openCodes         []failure.Code
	take, drill       []failure.Code
	opens, takes      int
	drills            int
	scheduled         time.Time
	database, details string
}

func answer(codes []failure.Code, call int) error {
	if len(codes) == 0 {
		return nil
	}

	code := codes[min(call, len(codes)-1)]
	if code == "" {
		return nil
	}

	return boundary.Outside(failure.New(code, "testing"))
}

func (s *script) run(t *testing.T, params workflows.DailyBackupParams, attributes ...temporal.SearchAttributeUpdate) (workflows.DailyBackupResult, error) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(slog.New(slog.DiscardHandler))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(testTimeout)

	if len(attributes) > 0 {
		if err := env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(attributes...)); err != nil {
			t.Fatal(err)
		}
	}

	status := activities.BackupStatus{Backup: "bkp_x", Day: "2026-11-22", State: s.opened, Bytes: 1_500_000, Rows: 7}

	env.RegisterActivityWithOptions(func(_ context.Context, in activities.OpenDayParams) (activities.BackupStatus, error) {
		s.opens++
		s.scheduled, s.database = in.Scheduled, in.Database

		return status, answer(s.openCodes, s.opens-1)
	}, activity.RegisterOptions{Name: "OpenDay"})
	env.RegisterActivityWithOptions(func(context.Context) (activities.BucketLook, error) {
		return activities.BucketLook{}, nil
	}, activity.RegisterOptions{Name: "CheckBuckets"})
	env.RegisterActivityWithOptions(func(_ context.Context, _ string) (activities.BackupStatus, error) {
		s.takes++
		status.State = catalogue.Taken

		return status, answer(s.take, s.takes-1)
	}, activity.RegisterOptions{Name: "TakeBackup"})
	env.RegisterActivityWithOptions(func(_ context.Context, _ string) (activities.BackupStatus, error) {
		s.drills++
		status.State, status.DrillSeconds = catalogue.Drilled, 1.5

		return status, answer(s.drill, s.drills-1)
	}, activity.RegisterOptions{Name: "DrillBackup"})

	promises := workflows.Promises{}
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context, params workflows.DailyBackupParams) (workflows.DailyBackupResult, error) {
		result, err := promises.DailyBackup(ctx, params)
		s.details = workflow.GetCurrentDetails(ctx)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.DailyBackupName})
	env.ExecuteWorkflow(workflows.DailyBackupName, params)

	if !env.IsWorkflowCompleted() {
		t.Fatal("the run does not end")
	}

	var result workflows.DailyBackupResult

	err := env.GetWorkflowError()
	if err == nil {
		err = env.GetWorkflowResult(&result)
	}

	return result, err
}

func TestDailyBackup(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		script       script
		code         failure.Code // empty is success
		takes, drill int
		details      []string
	}{
		"plain": {script: script{opened: catalogue.Running}, takes: 1, drill: 1, details: []string{
			"**done** Open the business day: 2026-11-22", "**done** Compare the bucket with the policy", "**done** Dump, encrypt, upload, sign: 1.5 MB, 7 rows",
			"**done** Restore elsewhere and compare: equal in 1.5 s",
		}},
		"a day that is done": {script: script{opened: catalogue.Drilled}, details: []string{"**done** Dump, encrypt, upload, sign: by an earlier run", "**done** Restore"}},
		"an outage is waited out": {
			script: script{
				opened: catalogue.Running, openCodes: []failure.Code{failure.Unavailable, ""},
				take: []failure.Code{failure.DayTaken, failure.DumpFailed, ""}, drill: []failure.Code{failure.Unavailable, ""},
			},
			takes: 3, drill: 2,
		},
		"a bad backup is taken anew": {
			script: script{opened: catalogue.Running, drill: []failure.Code{failure.ContentDiffers, failure.RestoreFailed, ""}}, takes: 3, drill: 3,
		},
		"three bad backups need a person": {
			script: script{opened: catalogue.Running, drill: []failure.Code{failure.ArchiveInvalid}}, takes: 3, drill: 3,
			code: failure.ArchiveInvalid, details: []string{"**failed** Restore elsewhere and compare", "(`archive_invalid`)"},
		},
		"a lost key is not mended by another round": {
			script: script{opened: catalogue.Running, drill: []failure.Code{failure.DecryptFailed}}, takes: 1, drill: 1, code: failure.DecryptFailed,
		},
		"a forged day": {
			script: script{openCodes: []failure.Code{failure.DayRefused}}, code: failure.DayRefused, details: []string{"**failed** Open the business day", "**waits** Dump"},
		},
		"programs with holes": {
			script: script{opened: catalogue.Running, take: []failure.Code{failure.ClientVulnerable}}, takes: 1, code: failure.ClientVulnerable,
			details: []string{"**failed** Dump"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			result, err := c.script.run(t, workflows.DailyBackupParams{Database: "app"})
			if c.code == "" && (err != nil || result.State != catalogue.Drilled) || c.code != "" && boundary.CodeOf(err) != c.code {
				t.Errorf("%+v, %v", result, err)
			}

			if c.script.takes != c.takes || c.script.drills != c.drill || c.script.database != "app" {
				t.Errorf("taken %d times, drilled %d times", c.script.takes, c.script.drills)
			}

			for _, words := range c.details {
				if !strings.Contains(c.script.details, words) {
					t.Errorf("%q does not say %q", c.script.details, words)
				}
			}
		})
	}
}

// The day is that of the schedule's own time, or of a hand-made request's input.
func TestDailyBackupStandsForItsScheduledTime(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 1, 30, 0, 0, time.UTC)
	scheduled := temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime").ValueSet(at)

	for name, c := range map[string]struct {
		due        time.Time
		attributes []temporal.SearchAttributeUpdate
		want       time.Time
	}{
		"schedule": {time.Time{}, []temporal.SearchAttributeUpdate{scheduled}, at},
		"input":    {at.Add(time.Hour), []temporal.SearchAttributeUpdate{scheduled}, at.Add(time.Hour)},
		"by hand":  {time.Time{}, nil, time.Time{}},
	} {
		s := script{opened: catalogue.Drilled}
		if _, err := s.run(t, workflows.DailyBackupParams{Database: "app", Due: c.due}, c.attributes...); err != nil || !s.scheduled.Equal(c.want) {
			t.Errorf("%s: %s, %v", name, s.scheduled, err)
		}
	}
}
