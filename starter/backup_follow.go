package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/console"
	"steward/internal/console/webui"
	"steward/internal/failure"
	"steward/internal/quantity"
	"steward/workflows"
)

// every is the pause between two looks at a run.
const every = time.Second

// runEvent is one line of backup run.
type runEvent struct {
	// MessageType is started, progress or result.
	MessageType string `json:"message_type"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// WorkflowID and RunID name the run in Temporal.
	WorkflowID string `json:"workflow_id"`
	// RunID is one run of it.
	RunID string `json:"run_id"`
	// Link leads to the run in the Web UI; empty if TEMPORAL_UI_URL is not set.
	Link string `json:"link,omitempty"`
	// Phase is the step at work (progress).
	Phase string `json:"phase,omitempty"`
	// Attempt counts the tries of that step, from 1 (progress).
	Attempt int32 `json:"attempt,omitzero"`
	// DoneBytes are those done in this phase (progress).
	DoneBytes int64 `json:"done_bytes,omitzero"`
	// LeftBytes is what is left to store or to read in this phase, by an estimate; missing while it is too early to say (progress).
	LeftBytes int64 `json:"left_bytes,omitzero"`
	// LeftSeconds is how long that will take, by an estimate (progress).
	LeftSeconds int64 `json:"left_seconds,omitzero"`
	// HeldSeconds is how long the brake of the policy has held the dump so far (progress).
	HeldSeconds int64 `json:"held_seconds,omitzero"`
	// Code is the failure code of the try before, or of a run that failed.
	Code failure.Code `json:"code,omitempty"`
	// Backup is the id in the catalogue (result).
	Backup string `json:"backup,omitempty"`
	// Day is the business day (result).
	Day string `json:"day,omitempty"`
	// State is drilled when all went well (result).
	State catalogue.State `json:"state,omitempty"`
	// Bytes is the size of what is stored (result).
	Bytes int64 `json:"bytes,omitzero"`
	// Rows is the number of rows in it (result).
	Rows int64 `json:"rows,omitzero"`
	// DrillSeconds is how long restoring and comparing took (result).
	DrillSeconds float64 `json:"drill_seconds,omitzero"`
}

// follower waits for one run and tells how far it is.
type follower struct {
	*app

	temporal client.Client
	run      client.WorkflowRun
	database string
	at       place
	last     runEvent // what was seen last, so that a program is told only what changed
}

func (f *follower) event(kind string) runEvent {
	event := runEvent{MessageType: kind, Database: f.database, WorkflowID: f.run.GetID(), RunID: f.run.GetRunID()}
	if f.at.ui != "" {
		event.Link = webui.Workflow(f.at.ui, f.at.namespace, f.run.GetID())
	}

	return event
}

func (f *follower) started() error {
	event := f.event("started")
	if f.console.JSON {
		return f.console.Line(event)
	}

	if event.Link != "" {
		f.console.Notef("%s: %s", f.database, event.Link)
	}

	return nil
}

// wait blocks until the run ended or ctx did; the run goes on in either case.
func (f *follower) wait(ctx context.Context) error {
	type ended struct {
		result workflows.DailyBackupResult
		err    error
	}

	done := make(chan ended, 1)

	go func() {
		var end ended

		end.err = f.result(ctx, &end.result)
		done <- end
	}()

	progress := f.console.Progress(clocks.System().Now())
	defer progress.Done()

	ticker := time.NewTicker(every)
	defer ticker.Stop()

	for {
		select {
		case end := <-done:
			progress.Done()

			return f.ended(ctx, end.result, end.err)
		case <-ticker.C:
			if err := f.look(ctx, progress); err != nil {
				return err
			}
		}
	}
}

// result waits for the run's result. That the time is over the server may say a
// moment before our own clock does: then we ask until our clock agrees.
func (f *follower) result(ctx context.Context, into *workflows.DailyBackupResult) error {
	for {
		err := f.run.Get(ctx, into)
		if _, late := errors.AsType[*serviceerror.DeadlineExceeded](err); !late || ctx.Err() != nil {
			return err //nolint:wrapcheck // read by ended
		}
	}
}

// ended tells how the run ended, or that this is not known.
func (f *follower) ended(ctx context.Context, result workflows.DailyBackupResult, err error) error {
	if err != nil && ctx.Err() != nil {
		return failure.Wrap(failure.StillRunning, "waiting for the backup of "+f.soFar(ctx), context.Cause(ctx))
	}

	if _, failed := errors.AsType[*temporal.WorkflowExecutionError](err); err != nil && !failed {
		return failure.Wrap(failure.Unavailable, "waiting for the backup of "+f.database, err)
	}

	event := f.event("result")
	if err != nil {
		event.Code = boundary.CodeOf(err)
		if f.console.JSON {
			if err := f.console.Line(event); err != nil {
				return err
			}
		}

		return failure.New(event.Code, "backing up "+f.database)
	}

	event.Backup, event.Day, event.State = result.Backup, result.Day, result.State
	event.Bytes, event.Rows, event.DrillSeconds = result.Bytes, result.Rows, result.DrillSeconds

	if f.console.JSON {
		return f.console.Line(event)
	}

	return f.console.Say("%s", said(f.database, result))
}

// lastLook bounds the question how far a run is that is waited for no longer.
const lastLook = 5 * time.Second

// soFar says how far the run has come whose time is over, and with which code its
// last try ended.
func (f *follower) soFar(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLook)
	defer cancel()

	if err := f.look(ctx, f.console.Progress(clocks.System().Now())); err != nil || f.last.Phase == "" {
		return f.database
	}

	text := saidStep(f.last)
	if f.last.Code != "" {
		text += " [" + string(f.last.Code) + "]"
	}

	return text
}

// look asks Temporal which step is at work. Not to get an answer is no failure of
// the backup: the next look asks again.
func (f *follower) look(ctx context.Context, progress *console.Progress) error {
	described, err := f.temporal.DescribeWorkflowExecution(ctx, f.run.GetID(), f.run.GetRunID())
	if err != nil {
		return nil //nolint:nilerr // see above
	}

	for _, pending := range described.GetPendingActivities() {
		event := f.step(pending)
		progress.Show(clocks.System().Now(), saidStep(event))

		if event == f.last {
			continue
		}

		f.last = event
		if f.console.JSON {
			if err := f.console.Line(event); err != nil {
				return err
			}
		}
	}

	return nil
}

// step reads what the worker told of an activity at work.
func (f *follower) step(pending *workflow.PendingActivityInfo) runEvent {
	event := f.event("progress")
	event.Phase, event.Attempt = pending.GetActivityType().GetName(), pending.GetAttempt()

	var beat activities.Progress
	if err := converter.GetDefaultDataConverter().FromPayloads(pending.GetHeartbeatDetails(), &beat); err == nil && beat.Phase != "" {
		event.Phase, event.DoneBytes = beat.Phase, beat.Bytes
		event.LeftBytes, event.LeftSeconds, event.HeldSeconds = beat.LeftBytes, beat.LeftSeconds, beat.HeldSeconds
	}

	if last := pending.GetLastFailure().GetApplicationFailureInfo(); last != nil {
		event.Code = failure.Lookup(failure.Code(last.GetType())).Code
	}

	return event
}

func saidStep(event runEvent) string {
	text := fmt.Sprintf("%s: %s", event.Database, event.Phase)
	if event.DoneBytes > 0 {
		text += ", " + quantity.Bytes(event.DoneBytes)
	}

	if event.LeftSeconds > 0 {
		text += fmt.Sprintf(", about %s and %s left", quantity.Bytes(event.LeftBytes), time.Duration(event.LeftSeconds)*time.Second)
	}

	if event.HeldSeconds > 0 {
		text += fmt.Sprintf(", held for %s so far", time.Duration(event.HeldSeconds)*time.Second)
	}

	if event.Attempt > 1 {
		text += fmt.Sprintf(", try %d", event.Attempt)
	}

	if event.Code != "" {
		text += fmt.Sprintf(" (before: %s)", failure.Lookup(event.Code).Text)
	}

	return text
}
