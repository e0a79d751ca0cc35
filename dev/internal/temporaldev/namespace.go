package temporaldev

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// readyTimeout is how long a freshly started server may take to answer.
	readyTimeout = 60 * time.Second
	// readyPause lies between two questions.
	readyPause = 50 * time.Millisecond
)

// registerNamespace registers the namespace unless it exists, and returns once a
// client can use it.
func registerNamespace(ctx context.Context, options Options) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	conn, err := client.NewLazyClient(client.Options{
		HostPort: hostPort(options.FrontendPort), Namespace: options.Namespace, Logger: silent{},
	})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	defer conn.Close()
	register := func(ctx context.Context) error { return ensureNamespace(ctx, conn.WorkflowService(), options) }
	if err := until(ctx, register); err != nil {
		return err
	}
	return until(ctx, func(ctx context.Context) error {
		_, err := conn.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: options.Namespace})
		if err != nil {
			return fmt.Errorf("asking the namespace: %w", err)
		}
		return nil
	})
}

func ensureNamespace(ctx context.Context, service workflowservice.WorkflowServiceClient, options Options) error {
	_, err := service.RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace:                        options.Namespace,
		Description:                      "Steward: one workflow per promise",
		WorkflowExecutionRetentionPeriod: durationpb.New(options.Retention),
	})
	var exists *serviceerror.NamespaceAlreadyExists
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("registering: %w", err)
	}
	return nil
}

// until repeats ask until it succeeds or ctx ends, and then says why it failed last.
func until(ctx context.Context, ask func(context.Context) error) error {
	for {
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer in time: %w", err)
		case <-time.After(readyPause):
		}
	}
}

// silent is a logger for a client whose first failures are expected.
type silent struct{}

// Debug drops the line.
func (silent) Debug(string, ...any) {}

// Info drops the line.
func (silent) Info(string, ...any) {}

// Warn drops the line.
func (silent) Warn(string, ...any) {}

// Error drops the line.
func (silent) Error(string, ...any) {}
