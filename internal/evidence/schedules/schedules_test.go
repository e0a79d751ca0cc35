package schedules_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"steward/internal/evidence/schedules"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/report"
)

// temporal answers for one schedule.
type temporal struct {
	client.ScheduleClient
	client.ScheduleHandle

	asked  string
	answer *client.ScheduleDescription
	err    error
}

func (s *temporal) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	s.asked = id

	return s
}

func (s *temporal) Describe(context.Context) (*client.ScheduleDescription, error) {
	return s.answer, s.err
}

func TestRead(t *testing.T) {
	t.Parallel()

	created := time.Date(2026, 11, 1, 0, 0, 0, 0, time.FixedZone("east", 3600))
	info := client.ScheduleInfo{CreatedAt: created, NumActions: 7, NumActionsMissedCatchupWindow: 2, NumActionsSkippedOverlap: 1}
	want := report.Schedule{ID: "backup/app", State: report.ScheduleActive, CreatedAt: created.UTC(), Runs: 7, Missed: 2, Skipped: 1}
	paused := want
	paused.State = report.SchedulePaused

	for name, c := range map[string]struct {
		server temporal
		want   report.Schedule
		code   failure.Code
	}{
		"active":    {temporal{answer: &client.ScheduleDescription{Info: info}}, want, ""},
		"resumed":   {temporal{answer: &client.ScheduleDescription{Info: info, Schedule: client.Schedule{State: &client.ScheduleState{}}}}, want, ""},
		"paused":    {temporal{answer: &client.ScheduleDescription{Info: info, Schedule: client.Schedule{State: &client.ScheduleState{Paused: true}}}}, paused, ""},
		"not there": {temporal{err: serviceerror.NewNotFound("")}, report.Schedule{ID: "backup/app", State: report.ScheduleMissing}, ""},
		"no answer": {temporal{err: errors.New("no answer")}, report.Schedule{ID: "backup/app", State: report.ScheduleMissing}, failure.TemporalUnavailable},
	} {
		got, err := schedules.Reader{Client: &c.server}.Read(t.Context(), "backup/app")
		if got != c.want || failure.CodeOf(err) != c.code || c.server.asked != "backup/app" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}

	// It is one outside call.
	if _, err := (schedules.Reader{Client: &temporal{}}).Read(faults.With(t.Context(), always{}), "x"); !failure.Is(err, failure.TemporalUnavailable) {
		t.Error(err)
	}
}

// always fails every outside call.
type always struct{}

func (always) Next(context.Context, faults.Call) faults.Mode { return faults.Before }
