package main

import (
	"context"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/policy"
	"steward/workflows"
)

// filesIn gives the name of a set of files out of what the promise calls it, and
// whether it is one.
func filesIn(item string) (name string, found bool) {
	return strings.CutPrefix(item, policy.Files{}.Item())
}

// startFiles starts today's run of one set of files, as startBackup does for a
// database. Its result has the fields of theirs, but for the rows.
func startFiles(ctx context.Context, temporal client.Client, files, day string) (client.WorkflowRun, error) {
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ids.FilesOf(files, day), TaskQueue: workflows.CoreQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Back up the files " + files + " by hand, read them again, compare",
	}, workflows.DailyFilesName, workflows.DailyFilesParams{Files: files})

	return run, failure.Wrap(failure.TemporalUnavailable, "starting the backup of the files "+files, err)
}
