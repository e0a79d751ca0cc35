package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/quantity"
)

// BackupEvidenceName is the registered name of BackupEvidence.
const BackupEvidenceName = "BackupEvidence"

// evidenceBudget is how long a report may be tried: somebody waits for it.
const evidenceBudget = 10 * time.Minute

// BackupEvidenceParams name a report.
type BackupEvidenceParams struct {
	// Month is the month, as 2026-11.
	Month string
	// Database is the one database that it is about; empty for all.
	Database string
}

// BackupEvidence proves that "backed up every day, and stored for seven days" was
// kept in a month: a report that is signed with the ledger's key. What it says,
// and as of when, the activity decides from catalogue, ledger and its own clock.
func (p Promises) BackupEvidence(ctx workflow.Context, params BackupEvidenceParams) (activities.ReportResult, error) {
	var (
		do     *activities.Reports
		result activities.ReportResult
	)

	list := newChecklist(ctx, "Read catalogue and ledger, assemble the month, sign it")
	stage(ctx, PromiseKey.ValueSet("backups"), StageKey.ValueSet("reporting"))
	list.start(ctx, 0)

	step := p.quick(ctx, p.Patience.Of(evidenceBudget), CoreQueue, "Assemble and sign the evidence of a month")
	asked := activities.ReportParams{Month: params.Month, Database: params.Database}

	if err := workflow.ExecuteActivity(step, do.SignEvidence, asked).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("reported"))
	list.done(ctx, 0, fmt.Sprintf("%d databases, %d of %d days proven, %d findings say broken, %s",
		result.Databases, result.Proven, result.Due, result.Broken, quantity.Bytes(int64(len(result.Report)))))

	return result, nil
}
