package metrics_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"steward/internal/boundary"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/metrics"
)

// intercept runs an activity of that name, which ends in err, behind the
// interceptors; walls first.
func intercept(t *testing.T, m *metrics.Metrics, name string, ends error, walls ...interceptor.WorkerInterceptor) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(slogger())

	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: append(walls, &metrics.Interceptor{Metrics: m})})
	env.RegisterActivityWithOptions(func(context.Context) error { return ends }, activity.RegisterOptions{Name: name})

	if _, err := env.ExecuteActivity(name); (err == nil) != (ends == nil) {
		t.Errorf("%s: %v became %v", name, ends, err)
	}
}

func TestInterceptor(t *testing.T) {
	t.Parallel()

	wall := &boundary.Interceptor{Log: slog.New(slog.DiscardHandler)}

	for name, test := range map[string]struct {
		ends error
		code string
	}{
		"good":      {nil, ""},
		"ours":      {failure.New(failure.DumpFailed, "dumping"), "dump_failed"},
		"foreign":   {errors.New("driver"), "internal"},
		"outside":   {boundary.Outside(failure.New(failure.DayTaken, "x")), "day_taken"},
		"cancelled": {temporal.NewCanceledError(), "cancelled"},
		"context":   {context.Canceled, "cancelled"},
	} {
		m := newMetrics(t, clocks.Fixed(start()))

		intercept(t, m, "AuditPromises", test.ends)

		if name == "ours" {
			// Outside of the wall the code is the same.
			intercept(t, m, "AuditPromises", test.ends, wall)
		}

		lines := scrape(t, m)

		switch {
		case test.code == "":
			for _, line := range lines {
				if strings.HasPrefix(line, "steward_activity_failures_total") {
					t.Errorf("%s: %s", name, line)
				}
			}
		case name == "ours":
			has(t, lines, `steward_activity_failures_total{activity="AuditPromises",code="dump_failed"} 2`,
				`steward_activity_seconds_count{activity="AuditPromises"} 2`)
		default:
			has(t, lines, `steward_activity_failures_total{activity="AuditPromises",code="`+test.code+`"} 1`)
		}
	}
}

// later is an activity whose result comes by another way.
type later struct {
	interceptor.ActivityInboundInterceptorBase
}

func (later) ExecuteActivity(context.Context, *interceptor.ExecuteActivityInput) (any, error) {
	return nil, activity.ErrResultPending
}

func TestAPendingResultIsNoFailure(t *testing.T) {
	t.Parallel()

	var suite testsuite.WorkflowTestSuite

	m := newMetrics(t, clocks.Fixed(start()))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		_, err := (&metrics.Interceptor{Metrics: m}).InterceptActivity(ctx, &later{}).ExecuteActivity(ctx, nil)
		if !errors.Is(err, activity.ErrResultPending) {
			t.Error(err)
		}

		return nil
	}, activity.RegisterOptions{Name: "AuditPromises"})

	if _, err := env.ExecuteActivity("AuditPromises"); err != nil {
		t.Fatal(err)
	}

	lines := scrape(t, m)
	has(t, lines, `steward_activity_seconds_count{activity="AuditPromises"} 1`)

	for _, line := range lines {
		if strings.HasPrefix(line, "steward_activity_failures_total") {
			t.Error(line)
		}
	}
}
