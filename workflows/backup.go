package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/quantity"
)

// DailyBackupName is the registered name of DailyBackup.
const DailyBackupName = "DailyBackup"

// maxRounds is how often a day is taken anew after a drill found its backup
// wanting. A fault of the storage heals with the second; a third that fails
// needs a person.
const maxRounds = 3

// DailyBackupParams say what to back up. They carry nothing that decides: the
// activities read the policy and their own clock.
type DailyBackupParams struct {
	// Database is the name in the policy.
	Database string
	// Due is the time for which a run by hand or by the dev clock stands; zero
	// where a schedule started the run.
	Due time.Time `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it, and as recorded histories have it
}

// DailyBackupResult is what became of the day.
type DailyBackupResult struct {
	// Backup is the opaque id; Day the business day; State is "drilled".
	Backup, Day string
	State       catalogue.State
	// Bytes is the size of what is stored, Rows the number of rows in it.
	Bytes, Rows int64
	// DrillSeconds is how long restoring and comparing took.
	DrillSeconds float64
}

// DailyBackup keeps "your data is backed up every day": it opens the business
// day, takes one backup, and restores it elsewhere to prove it. A backup that
// does not pass is taken anew. A day that is done is answered with what exists.
// Nothing is stored in a bucket that is not set up as the policy says.
// A run ends before the next day's is due: all its steps share one deadline.
func (p Promises) DailyBackup(ctx workflow.Context, params DailyBackupParams) (DailyBackupResult, error) {
	run := &backupRun{
		Promises: p, end: p.deadlineIn(workflow.GetInfo(ctx).WorkflowStartTime, budget),
		list: newChecklist(ctx, "Open the business day", "Compare the bucket with the policy",
			"Dump, encrypt, upload, sign", "Restore elsewhere and compare"),
	}

	stage(ctx, PromiseKey.ValueSet("backups"), SubjectKey.ValueSet(params.Database), StageKey.ValueSet("opening"))

	opened, err := run.open(ctx, params)
	if err == nil && opened.State != catalogue.Drilled {
		defer run.watch(ctx, opened)()

		err = run.guard(ctx, opened)
	}

	if err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return DailyBackupResult{}, err
	}

	status := opened.BackupStatus
	if status.State == catalogue.Drilled {
		run.list.done(ctx, guardStep, "by an earlier run")
		run.list.done(ctx, dumpStep, "by an earlier run")
	}

	for round := 1; status.State != catalogue.Drilled; round++ {
		status, err = run.round(ctx, params.Database, status)
		if err != nil && (round == maxRounds || !retake(err)) {
			stage(ctx, StageKey.ValueSet("failed"))

			return DailyBackupResult{}, err
		}
	}

	stage(ctx, StageKey.ValueSet("drilled"))
	run.list.done(ctx, drillStep, fmt.Sprintf("equal in %.1f s", status.DrillSeconds))
	run.copy(ctx, opened)

	return DailyBackupResult(status), nil
}

// The steps of a run, as its checklist counts them.
const (
	openStep = iota
	guardStep
	dumpStep
	drillStep
)

type backupRun struct {
	Promises

	list *checklist
	end  deadline
}

func (r *backupRun) open(ctx workflow.Context, params DailyBackupParams) (activities.OpenedDay, error) {
	var (
		do     *activities.Backups
		opened activities.OpenedDay
	)

	r.list.start(ctx, openStep)

	step := r.quick(ctx, r.end.left(ctx), BackupQueue, "Open the business day of "+params.Database)
	err := workflow.ExecuteActivity(step, do.OpenDay, activities.OpenDayParams{
		Database: params.Database, Scheduled: scheduled(ctx, params.Due),
	}).Get(ctx, &opened)
	if err != nil {
		return opened, r.list.failed(ctx, openStep, err)
	}

	if opened.EndIn > 0 {
		r.end = r.deadlineIn(workflow.Now(ctx), opened.EndIn)
	}

	r.list.done(ctx, openStep, opened.Day)

	return opened, nil
}

// watch shows when the day is due and, once that has passed, that it is overdue;
// the caller stops it when the run ends. A run by hand is due at no time.
func (r *backupRun) watch(ctx workflow.Context, opened activities.OpenedDay) (stop func()) {
	if opened.DueAt.IsZero() {
		return func() {}
	}

	stage(ctx, DueAtKey.ValueSet(opened.DueAt))

	return overdueIn(ctx, opened.DueIn)
}

// round takes the backup once and drills it.
func (r *backupRun) round(
	ctx workflow.Context, database string, opened activities.BackupStatus,
) (status activities.BackupStatus, err error) {
	var (
		take  *activities.Backups
		prove *activities.Drills
	)

	stage(ctx, StageKey.ValueSet("dumping"))
	r.list.start(ctx, dumpStep)

	step := r.bulk(ctx, r.end.left(ctx), BackupQueue, "Dump "+database+", encrypt, upload, sign")
	if err := workflow.ExecuteActivity(step, take.TakeBackup, opened.Backup).Get(ctx, &status); err != nil {
		return opened, r.list.failed(ctx, dumpStep, err)
	}

	stage(ctx, StageKey.ValueSet("drilling"))
	r.list.done(ctx, dumpStep, fmt.Sprintf("%s, %d rows", quantity.Bytes(status.Bytes), status.Rows))
	r.list.start(ctx, drillStep)

	step = r.bulk(ctx, r.end.left(ctx), DrillQueue, "Restore "+database+" elsewhere, compare with the manifest")
	if err := workflow.ExecuteActivity(step, prove.DrillBackup, opened.Backup).Get(ctx, &status); err != nil {
		return opened, r.list.failed(ctx, drillStep, err)
	}

	return status, nil
}

// scheduled is the time that this run stands for: that of the schedule which
// started it, else the one in its input.
func scheduled(ctx workflow.Context, due time.Time) time.Time {
	if at, ok := workflow.GetTypedSearchAttributes(ctx).GetTime(scheduledKey); ok && due.IsZero() {
		return at
	}

	return due
}

// retake reports whether taking the backup anew can help. A step that Temporal
// ended, by a timeout or a cancellation, says nothing about the backup.
func retake(err error) bool {
	application, found := errors.AsType[*temporal.ApplicationError](err)

	return found && failure.Lookup(failure.Code(application.Type())).Retake
}
