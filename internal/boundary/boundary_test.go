package boundary_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/internal/faults"
)

// canary stands for a person's data in a driver's error.
const canary = "ada.lovelace@example.com"

// through runs work as an activity behind the boundary and gives what came out
// and what was logged.
func through(t *testing.T, background context.Context, work func(context.Context) (string, error)) (logged string, err error) { //nolint:revive // t stands first in a helper
	t.Helper()

	var log bytes.Buffer

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(slog.New(slog.DiscardHandler))

	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{
		BackgroundActivityContext: background,
		Interceptors: []interceptor.WorkerInterceptor{
			&boundary.Interceptor{Log: slog.New(slog.NewJSONHandler(&log, nil)), Faults: &faults.Counter{}},
		},
	})
	env.RegisterActivityWithOptions(work, activity.RegisterOptions{Name: "work"})

	_, err = env.ExecuteActivity("work")

	return log.String(), err
}

func TestOnlyCodeAndTextLeave(t *testing.T) {
	t.Parallel()

	for _, row := range failure.Table() {
		log, err := through(t, t.Context(), func(context.Context) (string, error) {
			return canary, fmt.Errorf("row %s: %w", canary, failure.Wrap(row.Code, "doing", errors.New("key (email)=("+canary+")")))
		})

		var application *temporal.ApplicationError
		if !errors.As(err, &application) {
			t.Fatalf("%s: %v", row.Code, err)
		}

		if application.Type() != string(row.Code) || application.Message() != row.Text || application.NonRetryable() == row.Retryable ||
			application.HasDetails() || errors.Unwrap(application) != nil {
			t.Errorf("%s left as %q %q", row.Code, application.Type(), application.Message())
		}

		if strings.Contains(err.Error(), canary) || strings.Contains(log, canary) {
			t.Errorf("%s carries data: %v, %s", row.Code, err, log)
		}

		if !strings.Contains(log, string(row.Code)) || boundary.CodeOf(err) != row.Code {
			t.Errorf("%s is not told: %s", row.Code, log)
		}
	}
}

func TestAForeignErrorAndAPanicAreInternal(t *testing.T) {
	t.Parallel()

	for name, work := range map[string]func(context.Context) (string, error){
		"error": func(context.Context) (string, error) { return "", errors.New(canary) },
		"panic": func(context.Context) (string, error) { panic("a row of " + canary) },
		"application error": func(context.Context) (string, error) {
			return "", temporal.NewApplicationError(canary, canary, canary)
		},
	} {
		log, err := through(t, t.Context(), work)
		if boundary.CodeOf(err) != failure.Internal || strings.Contains(err.Error(), canary) || strings.Contains(log, canary) {
			t.Errorf("%s: %v, %s", name, err, log)
		}
	}
}

func TestWhatEndsWellPassesUnchanged(t *testing.T) {
	t.Parallel()

	counted := false

	log, err := through(t, t.Context(), func(ctx context.Context) (string, error) {
		return "fine", faults.Do(ctx, faults.File, "x", func(context.Context) error { counted = true; return nil })
	})
	if err != nil || log != "" || !counted {
		t.Error(err, log)
	}
}

// Only what somebody asked to cancel is cancelled: Temporal never tries again
// what says that it was, and a worker that stops must not end a promise.
func TestOnlyARequestCancels(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		cause error
		code  failure.Code
		want  failure.Code
	}{
		{temporal.NewCanceledError(), failure.Unavailable, failure.Cancelled},
		{temporal.NewCanceledError(), failure.Internal, failure.Cancelled},
		{temporal.NewCanceledError(), failure.ContentDiffers, failure.ContentDiffers},
		{errors.New("the worker stops"), failure.Unavailable, failure.Unavailable},
		{nil, failure.Internal, failure.Internal},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(c.cause)

		_, err := through(t, ctx, func(ctx context.Context) (string, error) {
			return "", failure.Wrap(c.code, "working", ctx.Err())
		})
		if got := boundary.CodeOf(err); got != c.want {
			t.Errorf("%v with %s became %s", c.cause, c.code, got)
		}
	}
}

func TestCodeOfWhatTemporalSays(t *testing.T) {
	t.Parallel()

	for want, err := range map[failure.Code]error{
		failure.TimedOut:    temporal.NewHeartbeatTimeoutError(),
		failure.Internal:    errors.New("x"),
		failure.Cancelled:   temporal.NewCanceledError(),
		failure.DumpFailed:  boundary.Outside(failure.New(failure.DumpFailed, "x")),
		failure.Unavailable: fmt.Errorf("outer: %w", boundary.Outside(failure.New(failure.Unavailable, "x"))),
	} {
		if got := boundary.CodeOf(err); got != want {
			t.Errorf("%v is %s, not %s", err, got, want)
		}
	}

	if boundary.CodeOf(temporal.NewApplicationError("x", "made up", time.Second)) != failure.Internal {
		t.Error("a made-up type passes for a code")
	}
}
