package temporaldev_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/dev/internal/cluster/clustertest"
	"steward/dev/internal/ports"
	"steward/dev/internal/probe"
	"steward/dev/internal/temporaldev"
	"steward/dev/internal/temporaldev/timeskip"
	"steward/internal/clocks"
)

const (
	queue    = "sleepers"
	day      = 24 * time.Hour
	twoYears = 2 * 365 * 24 * time.Hour
)

// sleeper sleeps and gives the time it woke at, by its own clock.
func sleeper(ctx workflow.Context, length time.Duration) (time.Time, error) {
	if err := workflow.Sleep(ctx, length); err != nil {
		return time.Time{}, err
	}
	return workflow.Now(ctx), nil
}

// start runs a server on db until the returned function, or the test's end, stops it.
func start(t *testing.T, options temporaldev.Options) (server *temporaldev.Server, stop func()) {
	t.Helper()
	server, err := temporaldev.Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	stop = func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return server, stop
}

// connect gives a client and runs a worker for sleeper until the returned function.
func connect(t *testing.T, server *temporaldev.Server) (client.Client, func()) {
	t.Helper()
	conn, err := client.Dial(client.Options{HostPort: server.Address(), Namespace: server.Namespace(), Logger: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	work := worker.New(conn, queue, worker.Options{})
	work.RegisterWorkflow(sleeper)
	if err := work.Start(); err != nil {
		t.Fatal(err)
	}
	return conn, func() { work.Stop(); conn.Close() }
}

// TestTwoYearsAndARestart is the whole promise of this package on one server:
// two years pass in seconds, and what a stopped server knew the next one knows.
func TestTwoYearsAndARestart(t *testing.T) {
	t.Parallel()
	postgres := clustertest.Start(t)
	uiPort, err := ports.Free(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	options := temporaldev.Options{PostgresURL: postgres.AdminURL("temporal"), UIPort: uiPort, TimeSkipping: true}
	server, stop := start(t, options)
	conn, disconnect := connect(t, server)
	skipped(t, conn)
	stepped(t, conn)
	if err := probe.HTTP(t.Context(), server.UIURL()+"/healthz"); err != nil {
		t.Error(err)
	}
	disconnect()
	stop()

	options.TimeSkipping = false
	server, _ = start(t, options)
	conn, disconnect = connect(t, server)
	defer disconnect()
	var woke time.Time
	if err := conn.GetWorkflow(t.Context(), "skipped", "").Get(t.Context(), &woke); err != nil {
		t.Fatalf("after a restart on the same Postgres: %v", err)
	}
	if woke.Before(time.Now().Add(twoYears - time.Hour)) {
		t.Errorf("it woke at %s", woke)
	}
	if got := status(t, conn, "stepped"); got != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		t.Errorf("the open one after a restart is %v", got)
	}
}

// skipped lets the server skip everything at once.
func skipped(t *testing.T, conn client.Client) {
	t.Helper()
	input, err := converter.GetDefaultDataConverter().ToPayloads(twoYears)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, err = conn.WorkflowService().StartWorkflowExecution(t.Context(), &workflowservice.StartWorkflowExecutionRequest{
		Namespace: temporaldev.DefaultNamespace, WorkflowId: "skipped", RequestId: "skipped",
		WorkflowType:       &commonpb.WorkflowType{Name: "sleeper"},
		TaskQueue:          &taskqueuepb.TaskQueue{Name: queue},
		Input:              input,
		TimeSkippingConfig: &commonpb.TimeSkippingConfig{Enabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	var woke time.Time
	if err := conn.GetWorkflow(t.Context(), "skipped", "").Get(t.Context(), &woke); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > time.Minute || woke.Sub(begin) < twoYears {
		t.Fatalf("slept %s in %s", woke.Sub(begin), took)
	}
}

// stepped moves two executions and the dev clock together, in two steps: the
// shorter sleep is over after the second, the longer one still sleeps.
func stepped(t *testing.T, conn client.Client) {
	t.Helper()
	begin := time.Now()
	for id, length := range map[string]time.Duration{"short": 10 * day, "stepped": 1000 * day} {
		options := client.StartWorkflowOptions{ID: id, TaskQueue: queue}
		if _, err := conn.ExecuteWorkflow(t.Context(), options, sleeper, length); err != nil {
			t.Fatal(err)
		}
	}
	clock := filepath.Join(t.TempDir(), "clock")
	stepper := timeskip.Stepper{Service: conn.WorkflowService(), Namespace: temporaldev.DefaultNamespace, ClockFile: clock}
	for _, step := range []struct {
		days  int
		short enumspb.WorkflowExecutionStatus
	}{
		{9, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING},
		{11, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
		{500, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
	} {
		target := begin.Add(time.Duration(step.days) * day)
		if err := stepper.To(t.Context(), target, "short", "stepped"); err != nil {
			t.Fatal(err)
		}
		if off := clocks.Dev(clock).Now().Sub(target); off < 0 || off > time.Minute {
			t.Errorf("day %d: the dev clock is off by %s", step.days, off)
		}
		if got := status(t, conn, "short"); got != step.short {
			t.Errorf("day %d: the short sleep is %v, want %v", step.days, got, step.short)
		}
		if got := status(t, conn, "stepped"); got != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			t.Errorf("day %d: the long sleep is %v", step.days, got)
		}
	}
	stepper.ClockFirst = true
	if err := stepper.To(t.Context(), begin.Add(600*day), "short", "stepped"); err != nil {
		t.Error(err)
	}
	if err := stepper.To(t.Context(), begin, "stepped"); !errors.Is(err, timeskip.ErrPast) {
		t.Errorf("stepping back: got %v, want ErrPast", err)
	}
}

func status(t *testing.T, conn client.Client, id string) enumspb.WorkflowExecutionStatus {
	t.Helper()
	seen, err := conn.DescribeWorkflowExecution(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	return seen.GetWorkflowExecutionInfo().GetStatus()
}

// quiet drops the SDK's logs.
func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }
