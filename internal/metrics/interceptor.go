package metrics

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"

	"steward/internal/boundary"
	"steward/internal/failure"
)

// Interceptor counts the failed attempts of activities and measures all of them.
// In the worker's list it stands before boundary.Interceptor, and so outside of
// it, that a panic which the wall turned into an error is counted too; it reads
// the codes of either side.
type Interceptor struct {
	interceptor.WorkerInterceptorBase

	// Metrics take the counts.
	Metrics *Metrics
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (i *Interceptor) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	wrapped := &inbound{metrics: i.Metrics}
	wrapped.Next = next

	return wrapped
}

type inbound struct {
	interceptor.ActivityInboundInterceptorBase

	metrics *Metrics
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (i *inbound) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	began := time.Now() //nolint:forbidigo // a duration is measured on the wall, not by the dev clock

	result, err := i.Next.ExecuteActivity(ctx, in)
	failed := err

	if errors.Is(err, activity.ErrResultPending) {
		failed = nil
	}

	i.metrics.activity(activity.GetInfo(ctx).ActivityType.Name, time.Since(began), failed) //nolint:forbidigo // as above

	return result, err //nolint:wrapcheck // an interceptor is transparent
}

// codeOf reads the code of an error, in the form that it has inside an activity
// or in the one in which it leaves it.
func codeOf(err error) failure.Code {
	if temporal.IsCanceledError(err) || errors.Is(err, context.Canceled) && failure.CodeOf(err) == failure.Internal {
		return failure.Cancelled
	}

	if known := failure.CodeOf(err); known != failure.Internal {
		return known
	}

	return boundary.CodeOf(err)
}
