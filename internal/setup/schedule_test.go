package setup_test

import (
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"steward/internal/calendar"
	"steward/internal/setup"
)

type params struct{ Database string }

func daily(t *testing.T) setup.Schedule {
	t.Helper()

	at, err := calendar.ParseTimeOfDay("02:30")
	if err != nil {
		t.Fatal(err)
	}

	return setup.Schedule{
		ID: "backup/app", Workflow: "DailyBackup", Args: []any{params{Database: "app"}}, Queue: "core", Summary: "Back up app",
		At: &at, CatchUp: 20 * time.Hour,
	}
}

// described is the schedule as a server gives it back: input encoded, the ends of
// one-value ranges and steps of one possibly left out.
func described() client.Schedule {
	one := func(n int) []client.ScheduleRange { return []client.ScheduleRange{{Start: n}} }

	return client.Schedule{
		Spec: &client.ScheduleSpec{
			TimeZoneName: "UTC",
			Calendars: []client.ScheduleCalendarSpec{{
				Second: one(0), Minute: one(30), Hour: one(2), DayOfMonth: []client.ScheduleRange{{Start: 1, End: 31, Step: 1}},
				Month: []client.ScheduleRange{{Start: 1, End: 12, Step: 1}}, DayOfWeek: []client.ScheduleRange{{Start: 0, End: 6}},
			}},
		},
		Action: &client.ScheduleWorkflowAction{
			ID: "backup/app", Workflow: "DailyBackup", Args: []any{&commonpb.Payload{Data: []byte(`{"Database":"app"}`)}},
			TaskQueue: "core", StaticSummary: "Back up app",
		},
		Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: 20 * time.Hour},
		State:  &client.ScheduleState{},
	}
}

func TestAScheduleThatIsRightHasNoChanges(t *testing.T) {
	t.Parallel()

	changes, err := daily(t).Changes(described())
	if err != nil || len(changes) > 0 {
		t.Errorf("%v %v", changes, err)
	}
}

// TestEveryPropertyIsCompared changes one property after the other, as a person
// with Temporal's own command could.
func TestEveryPropertyIsCompared(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(*client.Schedule, *client.ScheduleWorkflowAction){
		"times":            func(s *client.Schedule, _ *client.ScheduleWorkflowAction) { s.Spec.Calendars[0].Hour[0].Start = 3 },
		"jitter":           func(s *client.Schedule, _ *client.ScheduleWorkflowAction) { s.Spec.Jitter = time.Minute },
		"workflow":         func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.Workflow = "Other" },
		"workflow id":      func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.ID = "other" },
		"input":            func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.Args = nil },
		"task queue":       func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.TaskQueue = "other" },
		"summary":          func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.StaticSummary = "" },
		"time limits":      func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.WorkflowRunTimeout = time.Second },
		"retries":          func(_ *client.Schedule, a *client.ScheduleWorkflowAction) { a.RetryPolicy = &temporal.RetryPolicy{} },
		"overlap":          func(s *client.Schedule, _ *client.ScheduleWorkflowAction) { s.Policy.Overlap++ },
		"catch-up":         func(s *client.Schedule, _ *client.ScheduleWorkflowAction) { s.Policy.CatchupWindow = time.Minute },
		"pause on failure": func(s *client.Schedule, _ *client.ScheduleWorkflowAction) { s.Policy.PauseOnFailure = true },
	} {
		have := described()

		action, ok := have.Action.(*client.ScheduleWorkflowAction)
		if !ok {
			t.Fatal("no workflow")
		}

		change(&have, action)

		changes, err := daily(t).Changes(have)
		if err != nil || len(changes) != 1 || !strings.HasPrefix(changes[0], name+": ") {
			t.Errorf("%s: %v %v", name, changes, err)
		}
	}
}

func TestTimesThatOnlyAPersonCanHaveSetAreSeen(t *testing.T) {
	t.Parallel()

	have := described()
	have.Spec.Skip = have.Spec.Calendars
	have.Spec.StartAt, have.Spec.EndAt = time.Unix(1, 0), time.Unix(2, 0)
	have.Spec.CronExpressions = []string{"@daily"}
	have.Spec.Calendars[0].Month[0].Step = 2

	changes, err := daily(t).Changes(have)
	if err != nil || len(changes) != 1 {
		t.Fatalf("%v %v", changes, err)
	}

	for _, word := range []string{"cron", "left out", "first day", "last day", "/2"} {
		if !strings.Contains(changes[0], word) {
			t.Errorf("%s lacks %s", changes[0], word)
		}
	}
}

func TestAnIntervalIsNoCalendar(t *testing.T) {
	t.Parallel()

	hourly := setup.Schedule{ID: "prune/backups", Workflow: "PruneBackups", Queue: "core", Every: time.Hour, CatchUp: time.Hour}

	changes, err := hourly.Changes(described())
	if err != nil || len(changes) != 6 || !strings.Contains(changes[0], "every 1h0m0s") {
		t.Errorf("%q %v", changes, err)
	}

	if _, err := hourly.Changes(client.Schedule{}); err == nil {
		t.Error("a schedule of nothing was compared")
	}
}
