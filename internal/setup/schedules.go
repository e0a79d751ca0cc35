package setup

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"steward/internal/failure"
	"steward/internal/ids"
)

// LeftNote is the note of a schedule that setup paused. The schedule of a
// database that left the policy is not deleted: the history of its runs and its
// counters are still wanted when somebody asks why there is no younger backup.
const LeftNote = "Paused by steward setup: the policy names this database no longer."

// page is how many schedules are listed at once; there is one per database.
const page = 100

// schedules creates, updates or pauses, so that each promise acts by itself as
// the policy says.
func (s *Setup) schedules(ctx context.Context) ([]Step, error) {
	var steps []Step

	for _, wanted := range s.Schedules {
		step, err := s.schedule(ctx, wanted)
		if err != nil {
			return steps, err
		}

		steps = append(steps, step)
	}

	left, err := s.pauseLeft(ctx)

	return append(steps, left...), err
}

// schedule brings one schedule to what is wanted. Create fails where it exists,
// so the description decides, not the attempt.
func (s *Setup) schedule(ctx context.Context, wanted Schedule) (Step, error) {
	step := Step{Area: areaSchedule, Name: wanted.ID, Outcome: Unchanged}
	handle := s.Temporal.ScheduleClient().GetHandle(ctx, wanted.ID)

	var described *client.ScheduleDescription

	err := s.known(ctx, func(ctx context.Context) (err error) {
		described, err = handle.Describe(ctx)

		return err //nolint:wrapcheck // wrapped below
	})

	var missing *serviceerror.NotFound

	switch {
	case errors.As(err, &missing):
		step.Outcome = Created
		if err := s.create(ctx, wanted); err != nil {
			return step, err
		}

		return step, s.listed(ctx, wanted)
	case err != nil:
		return step, failure.Wrap(failure.TemporalUnavailable, "looking at a schedule", err)
	}

	step.Changes, err = wanted.Changes(described.Schedule)
	if err != nil {
		return step, err
	}

	if len(step.Changes) > 0 {
		step.Outcome = Updated
		if err := s.update(ctx, handle, wanted); err != nil {
			return step, err
		}
	}

	return s.resume(ctx, handle, described.Schedule.State, step)
}

func (s *Setup) create(ctx context.Context, wanted Schedule) error {
	schedule := wanted.wanted()

	_, err := s.Temporal.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID: wanted.ID, Spec: *schedule.Spec, Action: schedule.Action,
		Overlap: schedule.Policy.Overlap, CatchupWindow: schedule.Policy.CatchupWindow, PauseOnFailure: false,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return nil // another setup was a moment faster; it wants the same
	}

	return failure.Wrap(failure.TemporalUnavailable, "creating a schedule", err)
}

// update changes a schedule and waits until the change can be read: Temporal takes
// it as a message, and a setup that runs right behind would see the old state.
func (s *Setup) update(ctx context.Context, handle client.ScheduleHandle, wanted Schedule) error {
	err := handle.Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(input client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			schedule := wanted.wanted()
			schedule.State = input.Description.Schedule.State // a pause is a person's, not ours

			return &client.ScheduleUpdate{Schedule: &schedule}, nil
		},
	})
	if err != nil {
		return failure.Wrap(failure.TemporalUnavailable, "updating a schedule", err)
	}

	return s.shown(ctx, handle, func(have client.Schedule) bool {
		changes, err := wanted.Changes(have)

		return err == nil && len(changes) == 0
	})
}

var errNotYet = errors.New("the change cannot be read yet")

// shown waits until a schedule's description is as it shall be.
func (s *Setup) shown(ctx context.Context, handle client.ScheduleHandle, right func(client.Schedule) bool) error {
	return s.until(ctx, "waiting for a schedule's change", func(ctx context.Context) error {
		described, err := handle.Describe(ctx)
		if err == nil && !right(described.Schedule) {
			return errNotYet
		}

		return err //nolint:wrapcheck // until says what it was waiting for
	})
}

// paused waits until a schedule shows that it is paused, or that it goes on.
func (s *Setup) paused(ctx context.Context, handle client.ScheduleHandle, paused bool) error {
	return s.shown(ctx, handle, func(have client.Schedule) bool {
		return have.State != nil && have.State.Paused == paused
	})
}

// listed waits until a new schedule is in the list, which is where a later setup
// looks for those that left the policy.
func (s *Setup) listed(ctx context.Context, wanted Schedule) error {
	return s.until(ctx, "waiting for a schedule", func(ctx context.Context) error {
		all, err := s.Temporal.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: page})
		for err == nil && all.HasNext() {
			var entry *client.ScheduleListEntry
			if entry, err = all.Next(); err == nil && entry.ID == wanted.ID {
				return nil
			}
		}

		if err == nil {
			return errNotYet
		}

		return err //nolint:wrapcheck // until says what it was waiting for
	})
}

// resume takes back a pause of our own when a database is in the policy again.
// A pause that a person made stays, and is told.
func (s *Setup) resume(ctx context.Context, handle client.ScheduleHandle, state *client.ScheduleState, step Step) (Step, error) {
	switch {
	case state == nil || !state.Paused:
		return step, nil
	case state.Note != LeftNote:
		if step.Outcome == Unchanged {
			step.Outcome = Differs
		}

		step.Changes = append(step.Changes, "it is paused by a person; to go on: temporal schedule toggle --unpause --schedule-id "+step.Name)

		return step, nil
	default:
		step.Outcome = Updated
		step.Changes = append(step.Changes, "goes on, since the policy names it again")

		err := handle.Unpause(ctx, client.ScheduleUnpauseOptions{Note: "The policy names this database again."})
		if err != nil {
			return step, failure.Wrap(failure.TemporalUnavailable, "resuming a schedule", err)
		}

		return step, s.paused(ctx, handle, false)
	}
}

// pauseLeft pauses the backups of databases that are no longer in the policy.
func (s *Setup) pauseLeft(ctx context.Context) ([]Step, error) {
	var steps []Step

	listed, err := s.Temporal.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: page})
	if err != nil {
		return nil, failure.Wrap(failure.TemporalUnavailable, "listing the schedules", err)
	}

	for listed.HasNext() {
		entry, err := listed.Next()
		if err != nil {
			return steps, failure.Wrap(failure.TemporalUnavailable, "listing the schedules", err)
		}

		if !s.left(entry.ID) {
			continue
		}

		paused, err := s.pause(ctx, entry.ID)
		if err != nil {
			return steps, err
		}

		if paused {
			steps = append(steps, Step{Area: areaSchedule, Name: entry.ID, Outcome: Paused, Changes: []string{LeftNote}})
		}
	}

	return steps, nil
}

// pause pauses a schedule unless it is. The list may be behind, so the schedule
// itself is asked.
func (s *Setup) pause(ctx context.Context, id string) (paused bool, err error) {
	handle := s.Temporal.ScheduleClient().GetHandle(ctx, id)

	described, err := handle.Describe(ctx)
	if err != nil {
		return false, failure.Wrap(failure.TemporalUnavailable, "looking at a schedule", err)
	}

	if state := described.Schedule.State; state != nil && state.Paused {
		return false, nil
	}

	if err := handle.Pause(ctx, client.SchedulePauseOptions{Note: LeftNote}); err != nil {
		return false, failure.Wrap(failure.TemporalUnavailable, "pausing a schedule", err)
	}

	return true, s.paused(ctx, handle, true)
}

// left tells whether an id is that of a backup schedule which is not wanted, of a
// database, of files, or of copies.
func (s *Setup) left(id string) bool {
	wanted := slices.ContainsFunc(s.Schedules, func(one Schedule) bool { return one.ID == id })

	return !wanted && (strings.HasPrefix(id, ids.Backup("")) || strings.HasPrefix(id, ids.Files("")) || id == ids.Copies() ||
		id == ids.Mail() || id == ids.Webhooks() || id == ids.DataMap())
}
