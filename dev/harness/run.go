package harness

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/internal/copies"
	"steward/internal/ids"
	"steward/workflows"
)

// Backup takes today's backup of a database and waits for its end.
func (w *World) Backup(ctx context.Context, database string) (workflows.DailyBackupResult, error) {
	return w.BackupAs(ctx, ids.BackupOf(database, w.Today()), workflows.DailyBackupParams{Database: database})
}

// BackupAs runs DailyBackup under an id of the test's own and waits for its end.
func (w *World) BackupAs(
	ctx context.Context, id string, params workflows.DailyBackupParams,
) (workflows.DailyBackupResult, error) {
	var result workflows.DailyBackupResult
	run, err := w.Start(ctx, id, workflows.DailyBackupName, params)
	if err == nil {
		err = run.Get(ctx, &result)
	}
	if err != nil {
		return result, fmt.Errorf("backing up %s: %w", params.Database, err)
	}
	return result, nil
}

// Prune removes what is past its time and waits for the end. What was due when it
// began is gone then, in other locations too.
func (w *World) Prune(ctx context.Context) (activities.PruneResult, error) {
	var result activities.PruneResult
	began := w.Now()
	run, err := w.Start(ctx, ids.Prune()+"/"+newID("run"), workflows.PruneBackupsName)
	if err == nil {
		err = run.Get(ctx, &result)
	}
	if err != nil {
		return result, fmt.Errorf("pruning: %w", err)
	}
	w.pruned = began
	return result, nil
}

// CopyMissing copies to the other locations what is not there yet, and waits for the end.
func (w *World) CopyMissing(ctx context.Context) (copies.Result, error) {
	var result copies.Result
	run, err := w.Start(ctx, ids.Copies()+"/"+newID("run"), workflows.CopyBackupsName)
	if err == nil {
		err = run.Get(ctx, &result)
	}
	if err != nil {
		return result, fmt.Errorf("copying: %w", err)
	}
	return result, nil
}

// Start starts any workflow by its registered name; a run of that id that is
// open already is joined.
func (w *World) Start(ctx context.Context, id, name string, args ...any) (client.WorkflowRun, error) {
	run, err := w.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: id, TaskQueue: workflows.CoreQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, name, args...)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return run, nil
}

// settlePause lies between two looks.
const settlePause = 20 * time.Millisecond

// Settle returns when the ledger has sealed what it got: nothing waits, the
// mirror's pointer is at the head, and nothing is staged.
func (w *World) Settle(ctx context.Context) error {
	for {
		reason := w.unsettled(ctx)
		if reason == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not settled, %s: %w", reason, ctx.Err())
		case <-time.After(settlePause):
		}
	}
}

// unsettled says what the ledger still has to do, "" if nothing.
func (w *World) unsettled(ctx context.Context) string {
	head, err := Rows(ctx, w.StewardURL, `select checkpoint from ledger.head
		where not exists (select from ledger.entries where position is null)`)
	if err != nil || len(head) == 0 {
		return fmt.Sprintf("entries wait for their seal (%v)", err)
	}
	if head[0] == "" {
		return ""
	}
	latest, err := w.object(ctx, w.Rules.Storage.Ledger, "work/latest", 0)
	if err != nil || string(latest) != head[0] {
		return fmt.Sprintf("the mirror is behind (%v)", err)
	}
	staged, err := w.names(ctx, w.Rules.Storage.Ledger, "work/staging/")
	if err != nil || len(staged) > 0 {
		return fmt.Sprintf("%d batches are staged (%v)", len(staged), err)
	}
	return ""
}
