package workflows_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/workflows"
)

// recorded is how many histories of landed code there are of each workflow. A
// file more or less is a change that somebody has to write down here.
func recorded() map[string]int {
	return map[string]int{
		workflows.DailyBackupName:      16,
		workflows.PruneBackupsName:     8,
		workflows.PromiseAuditName:     6,
		workflows.BackupEvidenceName:   3,
		workflows.PruneByHandName:      3,
		workflows.PruneFilesName:       4,
		workflows.CopyBackupsName:      6,
		workflows.DailyFilesName:       7,
		workflows.SendMailName:         6,
		workflows.DeliverWebhooksName:  5,
		workflows.ExpireOwnRecordsName: 3,
		workflows.DatamapAuditName:     3,
		workflows.ErasureName:          8,
		workflows.ErasureResidueName:   3,
	}
}

// recordedScale is that of the timeouts of the worlds in which histories are recorded
// (harness.DefaultScale). How often a run looked at a bucket depends on it.
const recordedScale = 0.01

// replayer has the workflows under the names of the worker.
func replayer() worker.WorkflowReplayer {
	replayer := worker.NewWorkflowReplayer()
	promises := workflows.Promises{Patience: recordedScale}
	replayer.RegisterWorkflowWithOptions(promises.DailyBackup, workflow.RegisterOptions{Name: workflows.DailyBackupName})
	replayer.RegisterWorkflowWithOptions(promises.DailyFiles, workflow.RegisterOptions{Name: workflows.DailyFilesName})
	replayer.RegisterWorkflowWithOptions(promises.PruneBackups, workflow.RegisterOptions{Name: workflows.PruneBackupsName})
	replayer.RegisterWorkflowWithOptions(promises.PromiseAudit, workflow.RegisterOptions{Name: workflows.PromiseAuditName})
	replayer.RegisterWorkflowWithOptions(promises.PruneFiles, workflow.RegisterOptions{Name: workflows.PruneFilesName})
	replayer.RegisterWorkflowWithOptions(promises.CopyBackups, workflow.RegisterOptions{Name: workflows.CopyBackupsName})
	replayer.RegisterWorkflowWithOptions(promises.PruneByHand, workflow.RegisterOptions{Name: workflows.PruneByHandName})
	replayer.RegisterWorkflowWithOptions(promises.SendMail, workflow.RegisterOptions{Name: workflows.SendMailName})
	replayer.RegisterWorkflowWithOptions(promises.DeliverWebhooks, workflow.RegisterOptions{Name: workflows.DeliverWebhooksName})
	replayer.RegisterWorkflowWithOptions(promises.ExpireOwnRecords, workflow.RegisterOptions{Name: workflows.ExpireOwnRecordsName})
	replayer.RegisterWorkflowWithOptions(promises.DatamapAudit, workflow.RegisterOptions{Name: workflows.DatamapAuditName})
	replayer.RegisterWorkflowWithOptions(promises.ErasureResidue, workflow.RegisterOptions{Name: workflows.ErasureResidueName})
	replayer.RegisterWorkflowWithOptions(promises.Erasure, workflow.RegisterOptions{Name: workflows.ErasureName})
	replayer.RegisterWorkflowWithOptions(promises.BackupEvidence, workflow.RegisterOptions{Name: workflows.BackupEvidenceName})

	return replayer
}

func quiet() log.Logger { return log.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// histories lists the recorded files of one workflow.
func histories(t *testing.T, name string) []string {
	t.Helper()

	files, err := filepath.Glob(filepath.Join("testdata", "replay", name, "*.json"))
	if err != nil {
		t.Fatal(err)
	}

	return files
}

// TestRecordedHistoriesReplay shows that runs which were begun by landed code go
// on under this code: their histories lead to the same commands.
func TestRecordedHistoriesReplay(t *testing.T) {
	t.Parallel()

	replayer := replayer()

	for name, count := range recorded() {
		files := histories(t, name)
		if len(files) != count {
			t.Errorf("%s has %d histories, want %d", name, len(files), count)
		}

		for _, file := range files {
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(quiet(), file); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}

	folders, err := os.ReadDir(filepath.Join("testdata", "replay"))
	if err != nil {
		t.Fatal(err)
	}

	for _, folder := range folders {
		if _, known := recorded()[folder.Name()]; !known {
			t.Errorf("the histories of %s are not replayed", folder.Name())
		}
	}
}

// TestReplayNoticesAnotherOrder shows that the replay can fail: a history in which
// another activity was scheduled does not fit this code.
func TestReplayNoticesAnotherOrder(t *testing.T) {
	t.Parallel()

	for name := range recorded() {
		for _, file := range histories(t, name) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}

			changed := bytes.ReplaceAll(text, []byte(`"OpenDay"`), []byte(`"CloseDay"`))
			changed = bytes.ReplaceAll(changed, []byte(`"OpenFilesDay"`), []byte(`"CloseFilesDay"`))
			changed = bytes.ReplaceAll(changed, []byte(`"PruneBackups"`), []byte(`"PrunePrunes"`))
			changed = bytes.ReplaceAll(changed, []byte(`"PruneFiles"`), []byte(`"PruneFolders"`))
			changed = bytes.ReplaceAll(changed, []byte(`"AuditPromises"`), []byte(`"FlatterPromises"`))
			changed = bytes.ReplaceAll(changed, []byte(`"SignEvidence"`), []byte(`"InventEvidence"`))
			changed = bytes.ReplaceAll(changed, []byte(`"CopyMissing"`), []byte(`"CopyNothing"`))
			changed = bytes.ReplaceAll(changed, []byte(`"BeginAct"`), []byte(`"SkipAct"`))
			changed = bytes.ReplaceAll(changed, []byte(`"SendDueMail"`), []byte(`"SendAnyMail"`))
			changed = bytes.ReplaceAll(changed, []byte(`"DeliverWebhooks"`), []byte(`"ForgetWebhooks"`))
			changed = bytes.ReplaceAll(changed, []byte(`"ExpireRecords"`), []byte(`"KeepRecords"`))
			changed = bytes.ReplaceAll(changed, []byte(`"CheckDataMap"`), []byte(`"TrustDataMap"`))
			changed = bytes.ReplaceAll(changed, []byte(`"LookAtErasure"`), []byte(`"AssumeErasure"`))
			changed = bytes.ReplaceAll(changed, []byte(`"LookForResidue"`), []byte(`"SkipResidue"`))
			// The workflow's own type stays what it was.
			changed = bytes.Replace(changed, []byte(`"ForgetWebhooks"`), []byte(`"DeliverWebhooks"`), 1)
			changed = bytes.Replace(changed, []byte(`"PrunePrunes"`), []byte(`"PruneBackups"`), 1)
			changed = bytes.Replace(changed, []byte(`"PruneFolders"`), []byte(`"PruneFiles"`), 1)

			path := filepath.Join(t.TempDir(), strings.ReplaceAll(filepath.Base(file), ".json", "-changed.json"))
			if err := os.WriteFile(path, changed, 0o600); err != nil {
				t.Fatal(err)
			}

			if err := replayer().ReplayWorkflowHistoryFromJSONFile(quiet(), path); err == nil {
				t.Errorf("%s replays although another activity was scheduled", file)
			}
		}
	}
}
