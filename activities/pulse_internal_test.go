package activities

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"steward/internal/drill"
	"steward/internal/failure"
	"steward/internal/patience"
)

// heard is one heartbeat, with the time since the activity began.
type heard struct {
	After time.Duration
	Beat  Progress
}

// listener stands where Temporal would be: it says for how long an activity may
// be silent, and hears its heartbeats.
type listener struct {
	interceptor.WorkerInterceptorBase

	timeout time.Duration
	from    time.Time

	mu  sync.Mutex
	all []heard // owned by mu
}

func (l *listener) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	ear := &ear{listener: l}
	ear.Next = next

	return ear
}

func (l *listener) heard() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()

	return append([]heard(nil), l.all...)
}

type ear struct {
	interceptor.ActivityInboundInterceptorBase

	listener *listener
}

func (e *ear) Init(next interceptor.ActivityOutboundInterceptor) error {
	wire := &wire{listener: e.listener}
	wire.Next = next

	return e.Next.Init(wire)
}

type wire struct {
	interceptor.ActivityOutboundInterceptorBase

	listener *listener
}

func (w *wire) GetInfo(ctx context.Context) activity.Info {
	info := w.Next.GetInfo(ctx)
	info.HeartbeatTimeout = w.listener.timeout

	return info
}

// RecordHeartbeat passes nothing on: the SDK holds heartbeats back by a timer of
// its own, which would outlive the test.
func (w *wire) RecordHeartbeat(_ context.Context, details ...any) {
	w.listener.mu.Lock()
	defer w.listener.mu.Unlock()

	for _, each := range details {
		if progress, ok := each.(Progress); ok {
			w.listener.all = append(w.listener.all, heard{After: time.Since(w.listener.from), Beat: progress})
		}
	}
}

// work is what an activity does; it ends early when it is told to.
type work = func(ctx context.Context, report func(string, int64)) error

// pulsed runs work with a pulse inside an activity, on a clock that moves when
// everything waits. It fails if a goroutine outlives it.
func pulsed(t *testing.T, l *listener, scale patience.Scale, do work) (took time.Duration, err error) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{l}})
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		synctest.Test(t, func(t *testing.T) {
			l.from = time.Now()
			err = withPulse(context.WithoutCancel(ctx), scale, do)
			took = time.Since(l.from)
			ended := len(l.heard())

			<-time.After(time.Hour)

			if now := len(l.heard()); now != ended {
				t.Errorf("%d heartbeats came after the end", now-ended)
			}
		})

		return nil
	}, activity.RegisterOptions{Name: "Work"})

	if _, failed := env.ExecuteActivity("Work"); failed != nil {
		t.Fatal(failed)
	}

	return took, err
}

// rest waits, or ends as a well-behaved step does.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// Heartbeats come four times within the timeout, and each tells the progress at
// that time.
func TestHeartbeatsCarryProgress(t *testing.T) {
	t.Parallel()

	l := &listener{timeout: time.Minute}

	took, err := pulsed(t, l, 0, func(ctx context.Context, report func(string, int64)) error {
		err := rest(ctx, time.Second)
		report("archive", 7)

		if err == nil {
			err = rest(ctx, 20*time.Second)
		}

		report("globals", 9)

		return errors.Join(err, rest(ctx, 10*time.Second))
	})
	if err != nil || took != 31*time.Second {
		t.Errorf("%v after %s", err, took)
	}

	want := []heard{{0, Progress{}}, {15 * time.Second, Progress{Phase: "archive", Bytes: 7}}, {30 * time.Second, Progress{Phase: "globals", Bytes: 9}}}
	if diff := cmp.Diff(want, l.heard()); diff != "" {
		t.Error(diff)
	}
}

// What is left is told while the dump is at work, pauses do not count, and a brake
// that holds for hours is no stall.
func TestHeartbeatsTellWhatIsLeft(t *testing.T) {
	t.Parallel()

	l := &listener{timeout: time.Minute}
	state := &pulse{}

	took, err := pulsed(t, l, 0, func(ctx context.Context, outer func(string, int64)) error {
		*state = pulse{moved: time.Now()}

		return state.during(ctx, 0, func(ctx context.Context) error {
			state.expect(1000)
			state.report("archive", 0)
			err := rest(ctx, 20*time.Second) // past the second heartbeat: the first may come before what is reported here
			state.report("archive", 250)
			state.report("describe", 77)

			for n := range 60 {
				state.hold(time.Duration(n) * time.Minute)
				outer("moves", int64(n)) // the pulse around this one has no part in it

				err = errors.Join(err, rest(ctx, time.Minute))
			}

			state.report("globals", 1)

			return errors.Join(err, rest(ctx, time.Minute))
		})
	})
	if err != nil || took != 61*time.Minute+20*time.Second {
		t.Errorf("%v after %s", err, took)
	}

	seen := map[Progress]bool{}
	for _, each := range l.heard() {
		seen[each.Beat] = true
	}

	for _, want := range []Progress{
		{Phase: "archive"},
		{Phase: "braked", Bytes: 250, LeftBytes: 750, LeftSeconds: 90},
		{Phase: "globals", Bytes: 1, HeldSeconds: 59 * 60},
	} {
		if !seen[want] {
			t.Errorf("no heartbeat says %+v", want)
		}
	}
}

// A backup of files tells bytes and files, and what is left; either of them is
// progress, so that neither one file of many hours nor a bucket of which nothing is
// new is a stall.
func TestHeartbeatsOfFiles(t *testing.T) {
	t.Parallel()

	l := &listener{timeout: time.Minute}
	state := &pulse{}

	took, err := pulsed(t, l, 0, func(ctx context.Context, outer func(string, int64)) error {
		*state = pulse{moved: time.Now()}

		return state.during(ctx, 0, func(ctx context.Context) (err error) {
			state.expect(1000)
			state.files("files", 0, 0)

			// Whatever moves does so a second before a heartbeat, not in the same instant.
			wait := 20*time.Minute - time.Second

			for n := range int64(4) {
				outer("moves", n) // the pulse around this one has no part in it

				err = errors.Join(err, rest(ctx, wait))
				wait = 20 * time.Minute
				state.files("files", 100*(n+1), 0)
			}

			for n := range int64(4) {
				outer("moves", -2-n)

				err = errors.Join(err, rest(ctx, 20*time.Minute))
				state.files("files", 400, n+1)
			}

			outer("moves", 100)
			state.files("manifest", 0, 0)

			return errors.Join(err, rest(ctx, time.Minute+time.Second))
		})
	})
	if err != nil || took != 161*time.Minute {
		t.Errorf("%v after %s", err, took)
	}

	seen := map[Progress]bool{}
	for _, each := range l.heard() {
		seen[each.Beat] = true
	}

	for _, want := range []Progress{
		{Phase: "files"},
		{Phase: "files", Bytes: 200, LeftBytes: 800, LeftSeconds: 4 * 40 * 60},
		{Phase: "files", Bytes: 400, Files: 3, LeftBytes: 600, LeftSeconds: 140 * 60 * 600 / 400},
		{Phase: "manifest"},
	} {
		if !seen[want] {
			t.Errorf("no heartbeat says %+v", want)
		}
	}
}

// A drill tells what is left of its download and then of its restore, each from its
// own beginning, and nothing while it compares.
func TestHeartbeatsOfADrill(t *testing.T) {
	t.Parallel()

	l := &listener{timeout: time.Minute}
	state := &pulse{}

	took, err := pulsed(t, l, 0, func(ctx context.Context, outer func(string, int64)) error {
		*state = pulse{moved: time.Now()}

		return state.during(ctx, 0, func(ctx context.Context) (err error) {
			state.report("globals", 10)
			state.expect(1000)

			for i, each := range []struct {
				phase string
				bytes int64
			}{
				{drill.Download, 0},
				{drill.Download, 250},
				{drill.Download, 1000},
				{drill.Restore, 0},
				{drill.Restore, 100},
				{drill.Compare, 1000},
				{drill.Compare, 7},
			} {
				state.report(each.phase, each.bytes)
				outer("moves", int64(i)) // the pulse around this one has no part in it

				// What moves does so a second before or after a heartbeat, not in the same instant.
				wait := 10 * time.Minute
				if i == 0 {
					wait -= time.Second
				}

				err = errors.Join(err, rest(ctx, wait))
			}

			return err
		})
	})
	if err != nil || took != 70*time.Minute-time.Second {
		t.Errorf("%v after %s", err, took)
	}

	seen := map[Progress]bool{}

	for _, each := range l.heard() {
		seen[each.Beat] = true

		if each.Beat.Phase == drill.Compare && (each.Beat.LeftBytes != 0 || each.Beat.LeftSeconds != 0) {
			t.Errorf("while it compares: %+v", each.Beat)
		}
	}

	for _, want := range []Progress{
		{Phase: drill.Download},
		{Phase: drill.Download, Bytes: 250, LeftBytes: 750, LeftSeconds: 3 * 600},
		{Phase: drill.Download, Bytes: 1000},
		{Phase: drill.Restore, Bytes: 100, LeftBytes: 900, LeftSeconds: 9 * 601},
		{Phase: drill.Compare, Bytes: 7},
	} {
		if !seen[want] {
			t.Errorf("no heartbeat says %+v", want)
		}
	}
}

// A step that shows nothing new for half an hour is given up; one that moves, if
// slowly, is not.
func TestAStalledStepTimesOut(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		timeout time.Duration
		scale   patience.Scale
		bytes   func(round int64) int64 // reported every twenty minutes
		took    time.Duration
		code    failure.Code
	}{
		"moves":             {time.Minute, 0, func(n int64) int64 { return n }, 3 * time.Hour, ""},
		"says the same":     {time.Minute, 0, func(int64) int64 { return 1 }, 30*time.Minute + 15*time.Second, failure.TimedOut},
		"other scale":       {time.Minute, 0.1, func(n int64) int64 { return n }, 3*time.Minute + 15*time.Second, failure.TimedOut},
		"without a timeout": {0, 0, func(int64) int64 { return 1 }, 37*time.Minute + 30*time.Second, failure.TimedOut},
	} {
		took, err := pulsed(t, &listener{timeout: c.timeout}, c.scale, func(ctx context.Context, report func(string, int64)) error {
			for n := range int64(9) {
				report("dump", c.bytes(n))

				if err := rest(ctx, 20*time.Minute); err != nil {
					return failure.Wrap(failure.DumpFailed, "dumping", err)
				}
			}

			return nil
		})
		if failure.CodeOf(err) != c.code || took != c.took {
			t.Errorf("%s: %v after %s", name, err, took)
		}
	}
}

// A step that ends well although it was told to end did its work.
func TestAStalledStepMayEndWell(t *testing.T) {
	t.Parallel()

	took, err := pulsed(t, &listener{timeout: time.Minute}, 0, func(ctx context.Context, _ func(string, int64)) error {
		<-ctx.Done()

		return nil
	})
	if err != nil || took <= stall {
		t.Errorf("%v after %s", err, took)
	}
}

// What the work says passes unchanged, and so does a cancellation from outside.
func TestWhatTheWorkSaysPasses(t *testing.T) {
	t.Parallel()

	broken := failure.New(failure.DumpFailed, "dumping")
	if took, err := pulsed(t, &listener{timeout: time.Minute}, 0, func(context.Context, func(string, int64)) error { return broken }); !errors.Is(err, broken) || took != 0 {
		t.Errorf("%v after %s", err, took)
	}
}

func TestACancellationFromOutsidePasses(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	outside, cancel := context.WithCancelCause(t.Context())
	asked := errors.New("somebody asked") //nolint:err113 // a cause like any other
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: outside, Interceptors: []interceptor.WorkerInterceptor{&listener{timeout: time.Minute}}})
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		err := withPulse(ctx, 0, func(ctx context.Context, _ func(string, int64)) error {
			cancel(asked)
			<-ctx.Done()

			if cause := context.Cause(ctx); !errors.Is(cause, asked) {
				t.Errorf("the work sees %v", cause)
			}

			return failure.Wrap(failure.DumpFailed, "dumping", ctx.Err())
		})
		if !failure.Is(err, failure.DumpFailed) || !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}

		return nil
	}, activity.RegisterOptions{Name: "Work"})

	if _, err := env.ExecuteActivity("Work"); err != nil {
		t.Error(err)
	}
}

// A server at work is progress, though there is nothing to count.
func TestWorkWithoutACountIsProgress(t *testing.T) {
	t.Parallel()

	long := time.Now().Add(-2 * stall)
	state := &pulse{now: Progress{Phase: "restore", Bytes: 5}, moved: long}

	state.report("restore", 5)

	if state.moved != long {
		t.Error("the same count again is taken for progress")
	}

	state.report("", drill.AtWork)

	if state.now != (Progress{Phase: "restore", Bytes: 5}) || time.Since(state.moved) > stall {
		t.Errorf("%+v", state.now)
	}
}
