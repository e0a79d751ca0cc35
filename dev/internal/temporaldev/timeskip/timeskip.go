// Package timeskip moves a whole system under test through time in steps: the
// virtual clock of every workflow execution and the one dev clock that the
// processes read. It needs a server that allows time skipping (temporaldev with
// TimeSkipping) and is never used by `make up`.
//
// What the server does (read in its source and tests, 1.32.1): time is per
// execution; an execution skips only while nothing of it is in flight (activity,
// child, update); skipping stops when its fast-forward is reached. A
// fast-forward counts as reached on wall time even while an activity still runs.
package timeskip

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"steward/internal/clocks"
)

// ErrNotReached is returned when an execution cannot reach the instant: it ended
// before, somebody changed its options meanwhile, or it skipped too often.
var ErrNotReached = errors.New("execution did not reach the instant")

// ErrPast is returned for an instant that lies before the dev clock.
var ErrPast = errors.New("instant lies in the past of the dev clock")

// Stepper moves one namespace and one dev clock. It keeps nothing between steps.
// One goroutine at a time may step.
type Stepper struct {
	// Service is the raw frontend client: client.Client's WorkflowService().
	Service workflowservice.WorkflowServiceClient
	// Namespace of the executions.
	Namespace string
	// ClockFile is what the processes under test read (STEWARD_DEV_CLOCK).
	ClockFile string
	// ClockFirst sets the dev clock before the executions move instead of after
	// they arrived. An activity that a timer starts at exactly the target then
	// finds a clock that agrees with it; the other way round it finds the old one.
	ClockFirst bool
}

// To moves the dev clock and every execution named by workflow id to the instant
// target, and returns when all have arrived. An execution that is there already
// or has ended is left alone. It returns ErrPast or ErrNotReached (wrapped, with
// the workflow id); the clock is then where it was, unless ClockFirst.
func (s Stepper) To(ctx context.Context, target time.Time, workflowIDs ...string) error {
	if target.Before(clocks.Dev(s.ClockFile).Now()) {
		return fmt.Errorf("stepping to %s: %w", target.UTC().Format(time.RFC3339), ErrPast)
	}
	if s.ClockFirst {
		if err := s.setClock(target); err != nil {
			return err
		}
	}
	waits, err := s.raise(ctx, target, workflowIDs)
	if err != nil {
		return err
	}
	for _, one := range waits {
		if err := s.await(ctx, one); err != nil {
			return fmt.Errorf("stepping %s to %s: %w", one.workflowID, target.UTC().Format(time.RFC3339), err)
		}
	}
	if s.ClockFirst {
		return nil
	}
	return s.setClock(target)
}

// setClock moves the dev clock; it never stands still, so it is an offset.
func (s Stepper) setClock(target time.Time) error {
	if err := clocks.Write(s.ClockFile, time.Until(target)); err != nil {
		return fmt.Errorf("setting the dev clock: %w", err)
	}
	return nil
}

// wait is one fast-forward that was asked for.
type wait struct {
	workflowID string
	forwardID  string
}

// raise asks for one fast-forward per running execution, before waiting for any,
// so that executions that wait for each other move together.
func (s Stepper) raise(ctx context.Context, target time.Time, workflowIDs []string) ([]wait, error) {
	var waits []wait
	for _, id := range workflowIDs {
		left, running, err := s.left(ctx, id, target)
		if err != nil {
			return nil, fmt.Errorf("reading the clock of %s: %w", id, err)
		}
		if !running || left <= 0 {
			continue
		}
		one := wait{workflowID: id, forwardID: fmt.Sprintf("%s@%d", id, target.UnixNano())}
		if err := s.forward(ctx, one, left); err != nil {
			return nil, fmt.Errorf("raising %s: %w", id, err)
		}
		waits = append(waits, one)
	}
	return waits, nil
}

// left is how far an execution's virtual clock is behind target.
func (s Stepper) left(ctx context.Context, id string, target time.Time) (time.Duration, bool, error) {
	seen, err := s.Service.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: s.Namespace, Execution: &commonpb.WorkflowExecution{WorkflowId: id},
	})
	if err != nil {
		return 0, false, fmt.Errorf("describing: %w", err)
	}
	running := seen.GetWorkflowExecutionInfo().GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	current := time.Now()
	if virtual := seen.GetWorkflowExtendedInfo().GetTimeSkippingInfo().GetCurrentTime(); virtual != nil {
		current = virtual.AsTime()
	}
	return target.Sub(current), running, nil
}

// forward raises one execution.
func (s Stepper) forward(ctx context.Context, one wait, by time.Duration) error {
	_, err := s.Service.UpdateWorkflowExecutionOptions(ctx, &workflowservice.UpdateWorkflowExecutionOptionsRequest{
		Namespace:         s.Namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: one.workflowID},
		WorkflowExecutionOptions: &workflowpb.WorkflowExecutionOptions{TimeSkippingConfig: &commonpb.TimeSkippingConfig{
			Enabled:           true,
			FastForwardConfig: &commonpb.FastForwardConfig{Id: one.forwardID, Duration: durationpb.New(by)},
		}},
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"time_skipping_config"}},
	})
	if err != nil {
		return fmt.Errorf("updating the options: %w", err)
	}
	return nil
}

// await polls until the fast-forward is reached. A run that ended on the way has
// nothing left to move and counts as arrived.
func (s Stepper) await(ctx context.Context, one wait) error {
	for {
		answer, err := s.Service.PollWorkflowExecutionTimeSkipping(ctx,
			&workflowservice.PollWorkflowExecutionTimeSkippingRequest{
				Namespace:         s.Namespace,
				WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: one.workflowID},
				FastForwardId:     one.forwardID,
			})
		if err != nil {
			return fmt.Errorf("polling: %w", err)
		}
		switch answer.GetFastForwardPollingResult() {
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_COMPLETED:
			return nil
		case enumspb.FAST_FORWARD_POLLING_RESULT_POLL_TIMEOUT:
			continue
		case enumspb.FAST_FORWARD_POLLING_RESULT_FAST_FORWARD_FAILED, enumspb.FAST_FORWARD_POLLING_RESULT_UNSPECIFIED:
			return s.ended(ctx, one, answer.GetFailedReason())
		}
	}
}

// ended tells a run that finished on the way from one that is stuck.
func (s Stepper) ended(ctx context.Context, one wait, reason string) error {
	_, running, err := s.left(ctx, one.workflowID, time.Time{})
	if err != nil {
		return err
	}
	if !running {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrNotReached, reason)
}
