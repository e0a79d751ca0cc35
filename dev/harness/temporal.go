package harness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

const (
	// namespaceTimeout is how long a fresh namespace may take to be known to all
	// parts of the server.
	namespaceTimeout = time.Minute
	// namespacePause lies between two questions.
	namespacePause = 50 * time.Millisecond
	// retention of closed runs; longer than any test.
	retention = 72 * time.Hour
)

// searchAttributes are those of the workflows, as `steward setup` registers them;
// written out here, so that a renamed one is seen.
func searchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		"StewardPromise": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardStage":   enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardSubject": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"StewardDueAt":   enumspb.INDEXED_VALUE_TYPE_DATETIME,
		"StewardOverdue": enumspb.INDEXED_VALUE_TYPE_BOOL,
	}
}

// dialTemporal makes the world's namespace and gives a client for it.
func (w *World) dialTemporal(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), namespaceTimeout)
	defer cancel()
	made, err := client.DialContext(ctx, client.Options{
		HostPort: w.temporalAddress(), Namespace: w.Namespace, Identity: "harness",
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal("dialling Temporal: ", err)
	}
	t.Cleanup(made.Close)
	w.Temporal = made
	if err := w.registerNamespace(ctx); err != nil {
		t.Fatal("making the namespace: ", err)
	}
}

func (w *World) registerNamespace(ctx context.Context) error {
	_, err := w.Temporal.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: w.Namespace, WorkflowExecutionRetentionPeriod: durationpb.New(retention),
	})
	if err != nil {
		return fmt.Errorf("registering it: %w", err)
	}
	if err := Until(ctx, func() error {
		_, err := w.Temporal.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: w.Namespace, SearchAttributes: searchAttributes(),
		})
		return err //nolint:wrapcheck // wrapped below
	}); err != nil {
		return fmt.Errorf("registering the search attributes: %w", err)
	}
	return Until(ctx, func() error {
		_, err := w.Temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
			Namespace: w.Namespace, Query: "StewardStage = 'x'",
		})
		return err //nolint:wrapcheck // wrapped by Until
	})
}

// Until repeats ask until it succeeds or ctx ends, and then says why it failed last.
func Until(ctx context.Context, ask func() error) error {
	for {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer in time: %w", errors.Join(err, ctx.Err()))
		case <-time.After(namespacePause):
		}
	}
}
