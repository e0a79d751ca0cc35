// Package boundary is the wall between activities and Temporal: of an error only
// its code and that code's fixed text pass, since a driver's error may carry a
// person's data and Temporal keeps failures in the clear.
package boundary

import (
	"context"
	"errors"
	"log/slog"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"steward/internal/failure"
	"steward/internal/faults"
)

// Interceptor lets only allow-listed errors out of activities, and writes what
// it holds back, as far as it is safe, to the local log.
type Interceptor struct {
	interceptor.WorkerInterceptorBase

	// Log takes one line for each failed activity.
	Log *slog.Logger
	// Faults, if not nil, is asked at every outside call; tests only.
	Faults faults.Injector
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (i *Interceptor) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	wrapped := &inbound{log: i.Log, faults: i.Faults}
	wrapped.Next = next

	return wrapped
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase

	log    *slog.Logger
	faults faults.Injector
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (i *inbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	if i.faults != nil {
		ctx = faults.With(ctx, i.faults)
	}

	result, err := i.Next.ExecuteActivity(ctx, in)
	if err == nil || errors.Is(err, activity.ErrResultPending) {
		return result, err //nolint:wrapcheck // nothing to hold back
	}

	info := activity.GetInfo(ctx)
	i.log.ErrorContext(ctx, "activity failed",
		"activity", info.ActivityType.Name, "workflow", info.WorkflowExecution.ID, "attempt", info.Attempt,
		"code", failure.CodeOf(err), "doing", failure.Safe(err))

	// A step that was cancelled from outside says so; one that gave itself up
	// has a code.
	if ctx.Err() != nil && failure.CodeOf(err) == failure.Internal {
		return nil, temporal.NewCanceledError() //nolint:wrapcheck // this is the form that Temporal knows
	}

	return nil, Outside(err)
}

// Outside is the form in which an error leaves an activity: an application error
// whose type is the code, whose text is the table's, and which is retryable as
// the table says. It carries no cause and no details.
func Outside(err error) error {
	row := failure.Lookup(failure.CodeOf(err))

	return temporal.NewApplicationErrorWithOptions( //nolint:wrapcheck // this is the form that Temporal knows
		row.Text, string(row.Code), temporal.ApplicationErrorOptions{NonRetryable: !row.Retryable})
}

// CodeOf reads the code of an error that came out of an activity, Internal if it
// has none.
func CodeOf(err error) failure.Code {
	var application *temporal.ApplicationError
	if errors.As(err, &application) {
		return failure.Lookup(failure.Code(application.Type())).Code
	}

	var timeout *temporal.TimeoutError
	if errors.As(err, &timeout) {
		return failure.TimedOut
	}

	return failure.Internal
}
