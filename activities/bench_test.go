package activities_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"steward/activities"
	"steward/internal/boundary"
)

// testTimeout is wall time; a dump on a busy machine needs more than the SDK's three seconds.
const testTimeout = time.Minute

// beats keeps every heartbeat of the activities that it watches, the ones too
// that the SDK would hold back for a while.
type beats struct {
	interceptor.WorkerInterceptorBase

	mu  sync.Mutex
	all []activities.Progress // owned by mu
}

func (b *beats) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	watched := &watchedInbound{beats: b}
	watched.Next = next

	return watched
}

type watchedInbound struct {
	interceptor.ActivityInboundInterceptorBase

	beats *beats
}

func (w *watchedInbound) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	watched := &watchedOutbound{beats: w.beats}
	watched.Next = outbound

	return w.Next.Init(watched)
}

type watchedOutbound struct {
	interceptor.ActivityOutboundInterceptorBase

	beats *beats
}

// GetInfo gives the heartbeat timeout that the workflows ask for.
func (w *watchedOutbound) GetInfo(ctx context.Context) activity.Info {
	info := w.Next.GetInfo(ctx)
	info.HeartbeatTimeout = 40 * time.Millisecond

	return info
}

func (w *watchedOutbound) RecordHeartbeat(ctx context.Context, details ...any) {
	w.beats.mu.Lock()
	defer w.beats.mu.Unlock()

	for _, each := range details {
		if progress, ok := each.(activities.Progress); ok {
			w.beats.all = append(w.beats.all, progress)
		}
	}

	w.Next.RecordHeartbeat(ctx, details...)
}

// phases are those that were shown, each once, in order.
func (b *beats) phases() []string {
	b.mu.Lock()
	defer b.mu.Unlock()

	var seen []string

	for _, each := range b.all {
		if len(seen) == 0 || seen[len(seen)-1] != each.Phase {
			seen = append(seen, each.Phase)
		}
	}

	return seen
}

// execute runs one activity as a worker does, behind the wall that lets only
// codes out.
func execute[T any](t *testing.T, watch *beats, do any, args ...any) (result T, err error) {
	t.Helper()

	if watch == nil { // an interface that holds a nil pointer is not nil
		return behind[T](t, nil, do, args...)
	}

	return behind[T](t, watch, do, args...)
}

// behind is execute with one more interceptor, if that is not nil.
func behind[T any](t *testing.T, more interceptor.WorkerInterceptor, do any, args ...any) (result T, err error) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	quiet := slog.New(slog.DiscardHandler)
	suite.SetLogger(sdklog.NewStructuredLogger(quiet))

	env := suite.NewTestActivityEnvironment()
	env.SetTestTimeout(testTimeout)
	env.SetExecuteActivitiesInWorkflow(true)

	with := []interceptor.WorkerInterceptor{&boundary.Interceptor{Log: quiet}}
	if more != nil {
		with = append(with, more)
	}

	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: t.Context(), Interceptors: with})
	env.RegisterActivity(do)

	value, err := env.ExecuteActivity(do, args...)
	if err != nil {
		return result, err
	}

	if err := value.Get(&result); err != nil {
		t.Fatal(err)
	}

	return result, nil
}
