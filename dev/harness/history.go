package harness

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

// Executions lists every run of the world's namespace. It asks the service itself: ListWorkflow gives each page ten
// seconds whatever ctx allows, and a busy machine may take longer over the thousands of runs of a soak.
func (w *World) Executions(ctx context.Context) ([]*workflowpb.WorkflowExecutionInfo, error) {
	return w.executions(ctx, "")
}

func (w *World) executions(ctx context.Context, query string) ([]*workflowpb.WorkflowExecutionInfo, error) {
	var (
		found []*workflowpb.WorkflowExecutionInfo
		token []byte
	)
	for {
		page, err := w.Temporal.WorkflowService().ListWorkflowExecutions(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: w.Namespace, NextPageToken: token, Query: query,
		})
		if err != nil {
			return nil, fmt.Errorf("listing the runs: %w", err)
		}
		found = append(found, page.GetExecutions()...)
		if token = page.GetNextPageToken(); len(token) == 0 {
			return found, nil
		}
	}
}

// History reads all events of one run; an empty run id means the newest.
func (w *World) History(ctx context.Context, id, run string) (*historypb.History, error) {
	history := &historypb.History{}
	events := w.Temporal.GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, fmt.Errorf("reading the history of %s: %w", id, err)
		}
		history.Events = append(history.Events, event)
	}
	return history, nil
}

// Histories gives the history of every run as JSON, by workflow and run id.
func (w *World) Histories(ctx context.Context) (map[string][]byte, error) {
	executions, err := w.Executions(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, one := range executions {
		history, err := w.History(ctx, one.GetExecution().GetWorkflowId(), one.GetExecution().GetRunId())
		if err != nil {
			return all, err
		}
		text, err := MarshalHistory(history)
		if err != nil {
			return all, err
		}
		all[one.GetExecution().GetWorkflowId()+"/"+one.GetExecution().GetRunId()] = text
	}
	return all, nil
}

// MarshalHistory writes a history as Temporal's own tools do.
func MarshalHistory(history *historypb.History) ([]byte, error) {
	text, err := protojson.MarshalOptions{Multiline: true, Indent: " "}.Marshal(history)
	if err != nil {
		return nil, fmt.Errorf("writing a history: %w", err)
	}
	return text, nil
}
