package setup

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"steward/internal/calendar"
	"steward/internal/failure"
)

// Schedule is one promise that acts by itself.
type Schedule struct {
	// ID is the schedule's id, and that of its runs, to which Temporal appends
	// the time.
	ID string
	// Workflow is the registered name, Args its input, Queue its task queue.
	Workflow string
	// Args are the input of each run.
	Args []any
	// Queue is the task queue of the workflow's own tasks.
	Queue string
	// Summary is what the Web UI shows beside each run.
	Summary string
	// At is the time of day of a daily schedule; nil for any other.
	At *calendar.TimeOfDay
	// Zone is the name of the zone of At; UTC where it is empty.
	Zone string
	// Every is the interval of a schedule that is not daily.
	Every time.Duration
	// Jitter spreads the starts; 0 starts on time.
	Jitter time.Duration
	// CatchUp is how late a start that was missed is still made.
	CatchUp time.Duration
}

// wanted is the schedule as Temporal keeps it. A run that is still at work when
// the next is due is not joined by another (SKIP). A failed run pauses nothing: a
// paused schedule breaks a promise in silence. Runs have no retry policy of
// their own, activities retry; with one, server 1.31 can deadlock a schedule
// whose workflow id is used by hand too (temporalio/temporal issue 10579).
func (s Schedule) wanted() client.Schedule {
	return client.Schedule{
		Spec: s.spec(),
		Action: &client.ScheduleWorkflowAction{
			ID: s.ID, Workflow: s.Workflow, Args: s.Args, TaskQueue: s.Queue, StaticSummary: s.Summary,
		},
		Policy: &client.SchedulePolicies{
			Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: s.CatchUp, PauseOnFailure: false,
		},
		State: &client.ScheduleState{},
	}
}

// The bounds of a calendar's fields; all of them are spelled out, since the
// server keeps a calendar as it was given.
const (
	lastDayOfMonth = 31
	lastMonth      = 12
	lastDayOfWeek  = 6
)

func (s Schedule) spec() *client.ScheduleSpec {
	spec := &client.ScheduleSpec{TimeZoneName: cmp.Or(s.Zone, "UTC"), Jitter: s.Jitter}
	if s.At == nil {
		spec.Intervals = []client.ScheduleIntervalSpec{{Every: s.Every}}

		return spec
	}

	from := func(start, end int) []client.ScheduleRange {
		return []client.ScheduleRange{{Start: start, End: end, Step: 1}}
	}
	hour, minute := s.At.Hour(), s.At.Minute()
	spec.Calendars = []client.ScheduleCalendarSpec{{
		Second: from(0, 0), Minute: from(minute, minute), Hour: from(hour, hour),
		DayOfMonth: from(1, lastDayOfMonth), Month: from(1, lastMonth), DayOfWeek: from(0, lastDayOfWeek),
	}}

	return spec
}

// trait is one property of a schedule, as a text that can be compared.
type trait struct{ name, value string }

// traits are all properties that setup decides, the same for a schedule that is
// wanted and for one that the server describes.
func traits(schedule client.Schedule) ([]trait, error) {
	action, ok := schedule.Action.(*client.ScheduleWorkflowAction)
	if !ok || schedule.Spec == nil || schedule.Policy == nil {
		return nil, failure.New(failure.ConfigInvalid, "reading a schedule that starts no workflow")
	}

	input, err := inputOf(action.Args)
	if err != nil {
		return nil, err
	}

	spec, rules := schedule.Spec, schedule.Policy

	retry := "none"
	if action.RetryPolicy != nil {
		retry = "a policy of its own"
	}

	return []trait{
		{"times", times(spec)},
		{"jitter", spec.Jitter.String()},
		{"workflow", fmt.Sprint(action.Workflow)},
		{"workflow id", action.ID},
		{"input", input},
		{"task queue", action.TaskQueue},
		{"summary", action.StaticSummary},
		{"time limits", fmt.Sprint(action.WorkflowExecutionTimeout, action.WorkflowRunTimeout)},
		{"retries", retry},
		{"overlap", rules.Overlap.String()},
		{"catch-up", rules.CatchupWindow.String()},
		{"pause on failure", strconv.FormatBool(rules.PauseOnFailure)},
	}, nil
}

// inputOf is the input as JSON; the server gives it back encoded.
func inputOf(args []any) (string, error) {
	texts := make([]string, len(args))

	for i, arg := range args {
		payload, encoded := arg.(*commonpb.Payload)
		if !encoded {
			var err error
			if payload, err = converter.GetDefaultDataConverter().ToPayload(arg); err != nil {
				return "", failure.Wrap(failure.Internal, "encoding a schedule's input", err)
			}
		}

		texts[i] = string(payload.GetData())
	}

	return strings.Join(texts, " "), nil
}

// times says when a schedule starts its runs.
func times(spec *client.ScheduleSpec) string {
	zone := spec.TimeZoneName
	if zone == "" {
		zone = "UTC" // the server's default
	}

	parts := []string{zone}
	for _, c := range spec.Calendars {
		parts = append(parts, fmt.Sprintf("at %s:%s:%s on days %s of months %s, weekdays %s", ranges(c.Hour), ranges(c.Minute),
			ranges(c.Second), ranges(c.DayOfMonth), ranges(c.Month), ranges(c.DayOfWeek)))
		if len(c.Year) > 0 {
			parts = append(parts, "years "+ranges(c.Year))
		}
	}

	for _, interval := range spec.Intervals {
		parts = append(parts, fmt.Sprintf("every %s from %s", interval.Every, interval.Offset))
	}

	for _, other := range []struct {
		there bool
		name  string
	}{
		{len(spec.CronExpressions) > 0, "cron expressions"},
		{len(spec.Skip) > 0, "times left out"},
		{!spec.StartAt.IsZero(), "a first day"},
		{!spec.EndAt.IsZero(), "a last day"},
	} {
		if other.there {
			parts = append(parts, "with "+other.name)
		}
	}

	return strings.Join(parts, ", ")
}

// ranges writes a calendar's field; a missing end is the start, a missing step 1.
func ranges(list []client.ScheduleRange) string {
	texts := make([]string, len(list))
	for i, r := range list {
		texts[i] = fmt.Sprintf("%02d", r.Start)
		if r.End > r.Start {
			texts[i] += fmt.Sprintf("-%02d", r.End)
		}

		if r.Step > 1 {
			texts[i] += fmt.Sprintf("/%d", r.Step)
		}
	}

	return strings.Join(texts, "+")
}

// Changes compares a schedule that the server describes with the wanted one and
// says what differs, property by property; nothing if it is right.
func (s Schedule) Changes(have client.Schedule) ([]string, error) {
	old, err := traits(have)
	if err != nil {
		return nil, err
	}

	wanted, err := traits(s.wanted())
	if err != nil {
		return nil, err
	}

	var changes []string

	for i := range wanted {
		if old[i] != wanted[i] {
			changes = append(changes, fmt.Sprintf("%s: %s -> %s", wanted[i].name, old[i].value, wanted[i].value))
		}
	}

	return changes, nil
}
