package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/copies"
)

// CopyBackupsName is the registered name of CopyBackups.
const CopyBackupsName = "CopyBackups"

// copyBudget is how long a day's run waits for its copy: the backup is good without
// it, and CopyBackups goes on each hour with what is not there yet.
const copyBudget = time.Hour

// copiesQueueChange marks the runs whose copies have a task queue of their own: those
// that began before this was built go on in that of the backups, which still serves
// them.
const copiesQueueChange = "copies-queue"

// copiesQueue is where this run copies.
func copiesQueue(ctx workflow.Context) string {
	if workflow.GetVersion(ctx, copiesQueueChange, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return BackupQueue
	}

	return CopiesQueue
}

// copy copies a drilled backup to the other locations. That it fails changes nothing
// of the day: the failure is shown, the promise of the copy is judged by itself, and
// CopyBackups tries on. Under a policy without other locations there is no step, as
// in runs that began before Steward copied.
func (r *backupRun) copy(ctx workflow.Context, opened activities.OpenedDay) {
	if opened.Places == 0 {
		return
	}

	var (
		do     *activities.Copies
		result copies.Result
	)

	number := r.list.add(ctx, "Copy to the other locations")
	r.list.start(ctx, number)

	step := r.bulk(ctx, min(r.end.left(ctx), r.Patience.Of(copyBudget)), copiesQueue(ctx), "Copy to the other locations, compare")
	if err := workflow.ExecuteActivity(step, do.CopyBackup, opened.Backup).Get(ctx, &result); err != nil {
		_ = r.list.failed(ctx, number, err) //nolint:errcheck // it is shown; the hourly CopyBackups goes on with it

		return
	}

	r.list.done(ctx, number, copied(result))
}

// CopyBackups keeps copies of proven backups in other locations when a day's own run
// could not make them. It takes no input: what is missing where is decided by the
// activity, from the policy, the catalogue and its own clock.
func (p Promises) CopyBackups(ctx workflow.Context) (copies.Result, error) {
	var (
		do     *activities.Copies
		result copies.Result
	)

	list := newChecklist(ctx, "Copy to the other locations what is not there yet")
	stage(ctx, PromiseKey.ValueSet("backups"), StageKey.ValueSet("copying"))
	list.start(ctx, 0)

	step := p.bulk(ctx, p.Patience.Of(budget), copiesQueue(ctx), "Copy to the other locations what is not there yet, compare")
	if err := workflow.ExecuteActivity(step, do.CopyMissing).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("copied"))
	list.done(ctx, 0, copied(result))

	return result, nil
}

// copied says what a step did, the plain count first and then only what is not as
// it should be.
func copied(result copies.Result) string {
	parts := []string{fmt.Sprintf("%d copied", result.Copied)}
	if result.There > 0 {
		parts = append(parts, fmt.Sprintf("%d were there", result.There))
	}

	if result.TooLate > 0 {
		parts = append(parts, fmt.Sprintf("%d are too old: their bucket could not let a copy go in time", result.TooLate))
	}

	return strings.Join(parts, ", ")
}
