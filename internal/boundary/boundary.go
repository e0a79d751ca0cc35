// Package boundary is the wall between activities and Temporal: of an error only
// its code and that code's fixed text pass, since a driver's error may carry a
// person's data and Temporal keeps failures in the clear.
package boundary

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"

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
		ctx = faults.With(faults.Within(ctx, part(activity.GetInfo(ctx))), i.faults)
	}

	result, err := i.guarded(ctx, in)
	if err == nil || errors.Is(err, activity.ErrResultPending) {
		return result, err
	}

	info := activity.GetInfo(ctx)
	i.log.ErrorContext(ctx, "activity failed",
		"activity", info.ActivityType.Name, "workflow", info.WorkflowExecution.ID, "attempt", info.Attempt,
		"code", failure.CodeOf(err), "doing", failure.Safe(err))

	if cancelled(ctx) && failure.Lookup(failure.CodeOf(err)).Retryable {
		return nil, temporal.NewCanceledError()
	}

	return nil, Outside(err)
}

// part names the activity to whoever counts its outside calls.
func part(info activity.Info) faults.Part {
	return faults.Part{
		Operation: info.ActivityType.Name, Of: info.WorkflowExecution.RunID + "/" + info.ActivityID, Try: info.Attempt,
	}
}

// guarded runs the activity and turns a panic into an error: the SDK would send
// its text, which may hold data, to Temporal.
func (i *inbound) guarded(ctx context.Context, in *interceptor.ExecuteActivityInput) (result any, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			// The stack names code, never values; the panic's own text may.
			i.log.ErrorContext(ctx, "activity panicked", "stack", string(debug.Stack()))

			result, err = nil, failure.New(failure.Internal, "running an activity that panicked")
		}
	}()

	return i.Next.ExecuteActivity(ctx, in) //nolint:wrapcheck // handed on to be looked at
}

// cancelled reports whether somebody asked Temporal to cancel this activity. A
// worker that stops ends the context too, but the step has to be tried again
// elsewhere: Temporal never retries what says that it was cancelled.
func cancelled(ctx context.Context) bool {
	_, asked := errors.AsType[*temporal.CanceledError](context.Cause(ctx))

	return asked
}

// Outside is the form in which an error leaves an activity: an application error
// whose type is the code, whose text is the table's, and which is retryable as
// the table says. It carries no cause and no details.
func Outside(err error) error {
	row := failure.Lookup(failure.CodeOf(err))

	return temporal.NewApplicationErrorWithOptions(
		row.Text, string(row.Code), temporal.ApplicationErrorOptions{NonRetryable: !row.Retryable})
}

// CodeOf reads the code of an error that came out of an activity: that of the
// failure table, TimedOut or Cancelled where Temporal ended it, else Internal.
func CodeOf(err error) failure.Code {
	if application, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return failure.Lookup(failure.Code(application.Type())).Code
	}

	if _, ok := errors.AsType[*temporal.TimeoutError](err); ok {
		return failure.TimedOut
	}

	if _, ok := errors.AsType[*temporal.CanceledError](err); ok {
		return failure.Cancelled
	}

	return failure.Internal
}
