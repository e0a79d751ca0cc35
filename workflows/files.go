package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/catalogue"
	"steward/internal/fileremoval"
	"steward/internal/quantity"
)

// The registered names of the workflows about files.
const (
	DailyFilesName = "DailyFiles"
	PruneFilesName = "PruneFiles"
)

// DailyFilesParams say what to back up. They carry nothing that decides: the
// activities read the policy and their own clock.
type DailyFilesParams struct {
	// Files is the name of the set in the policy.
	Files string
	// Due is the time for which a run by hand or by the dev clock stands; zero
	// where a schedule started the run.
	Due time.Time `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it
}

// DailyFilesResult is what became of the day: State is "drilled".
type DailyFilesResult = activities.FilesStatus

// DailyFiles keeps "your data is backed up every day" for what the app keeps in
// buckets: it opens the business day, stores what is not stored yet, and reads what
// is new and a sample of the rest again to prove it. A backup that does not pass is
// taken anew. A day that is done is answered with what exists. A run ends before
// the next day's is due: all its steps share one deadline.
func (p Promises) DailyFiles(ctx workflow.Context, params DailyFilesParams) (DailyFilesResult, error) {
	run := &filesRun{
		Promises: p, end: p.deadlineIn(workflow.GetInfo(ctx).WorkflowStartTime, budget),
		list: newChecklist(ctx, "Open the business day", "Compare the buckets with the policy",
			"List, encrypt, upload what is new, sign", "Read again and compare"),
	}

	stage(ctx, PromiseKey.ValueSet("backups"), SubjectKey.ValueSet(params.Files), StageKey.ValueSet("opening"))

	opened, err := run.open(ctx, params)
	if err == nil && opened.State != catalogue.Drilled {
		defer run.watch(ctx, opened)()

		err = run.guard(ctx, params.Files, opened)
	}

	if err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return DailyFilesResult{}, err
	}

	status := opened.FilesStatus
	if status.State == catalogue.Drilled {
		run.list.done(ctx, guardStep, "by an earlier run")
		run.list.done(ctx, dumpStep, "by an earlier run")
	}

	for round := 1; status.State != catalogue.Drilled; round++ {
		status, err = run.round(ctx, params.Files, status)
		if err != nil && (round == maxRounds || !retake(err)) {
			stage(ctx, StageKey.ValueSet("failed"))

			return DailyFilesResult{}, err
		}
	}

	stage(ctx, StageKey.ValueSet("drilled"))
	run.list.done(ctx, drillStep, fmt.Sprintf("equal in %.1f s", status.DrillSeconds))

	return status, nil
}

type filesRun struct {
	Promises

	list *checklist
	end  deadline
}

// step does one step of the checklist.
func (r *filesRun) step(ctx workflow.Context, number int, how workflow.Context, activity, input, result any) error {
	r.list.start(ctx, number)

	return r.list.failed(ctx, number, workflow.ExecuteActivity(how, activity, input).Get(ctx, result))
}

func (r *filesRun) open(ctx workflow.Context, params DailyFilesParams) (opened activities.OpenedFilesDay, err error) {
	var do *activities.Files

	how := r.quick(ctx, r.end.left(ctx), BackupQueue, "Open the business day of the files "+params.Files)
	input := activities.OpenDayParams{Database: params.Files, Scheduled: scheduled(ctx, params.Due)}

	if err := r.step(ctx, openStep, how, do.OpenFilesDay, input, &opened); err != nil {
		return opened, err
	}

	if opened.EndIn > 0 {
		r.end = r.deadlineIn(workflow.Now(ctx), opened.EndIn)
	}

	r.list.done(ctx, openStep, opened.Day)

	return opened, nil
}

// watch shows when the day is due and, once that has passed, that it is overdue.
func (r *filesRun) watch(ctx workflow.Context, opened activities.OpenedFilesDay) (stop func()) {
	if opened.DueAt.IsZero() {
		return func() {}
	}

	stage(ctx, DueAtKey.ValueSet(opened.DueAt))

	return overdueIn(ctx, opened.DueIn)
}

// guard stores nothing in a bucket that is not set up as the policy says, and nothing
// of an app's bucket that may not be read.
func (r *filesRun) guard(ctx workflow.Context, files string, opened activities.OpenedFilesDay) error {
	look := func(ctx workflow.Context) (look activities.BucketLook, err error) {
		var do *activities.FileGuards

		step := r.quick(ctx, r.end.left(ctx), BackupQueue, "Compare the bucket's settings with the policy, look at the app's")

		err = workflow.ExecuteActivity(step, do.CheckFileBuckets, files).Get(ctx, &look)

		return look, err
	}

	return r.guarded(ctx, guarding{list: r.list, end: r.end, byHand: opened.DueAt.IsZero(), look: look})
}

// round takes the backup once and drills it.
func (r *filesRun) round(
	ctx workflow.Context, files string, opened activities.FilesStatus,
) (status activities.FilesStatus, err error) {
	var (
		take  *activities.Files
		prove *activities.FileDrills
	)

	stage(ctx, StageKey.ValueSet("storing"))

	how := r.bulk(ctx, r.end.left(ctx), FilesQueue, "List the files "+files+", encrypt, upload what is new, sign")
	if err := r.step(ctx, dumpStep, how, take.TakeFiles, opened.Backup, &status); err != nil {
		return opened, err
	}

	stage(ctx, StageKey.ValueSet("drilling"))
	r.list.done(ctx, dumpStep, fmt.Sprintf("%d files, %s, %d stored now, %d deleted before they were read",
		status.Count, quantity.Bytes(status.Bytes), status.Fresh, status.Vanished))

	how = r.bulk(ctx, r.end.left(ctx), FilesDrillQueue, "Read the files "+files+" again, compare with the manifest")
	if err := r.step(ctx, drillStep, how, prove.DrillFiles, opened.Backup, &status); err != nil {
		return opened, err
	}

	return status, nil
}

// PruneFiles keeps "and stored for seven days" for files: a content goes with the
// last kept manifest that names it, and its absence is proven. It takes no input:
// what goes is decided by the activity from the catalogue and its own clock.
func (p Promises) PruneFiles(ctx workflow.Context) (fileremoval.Result, error) {
	var (
		do     *activities.FilePrunes
		result fileremoval.Result
	)

	list := newChecklist(ctx, "Remove files that are past their time, prove them gone")
	stage(ctx, PromiseKey.ValueSet("backups"), StageKey.ValueSet("pruning"))
	list.start(ctx, 0)

	step := p.bulk(ctx, p.Patience.Of(budget), BackupQueue, "Remove files past their time, prove them gone")
	if err := workflow.ExecuteActivity(step, do.PruneFiles).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("pruned"))
	list.done(ctx, 0, prunedFiles(result))

	return result, nil
}

// prunedFiles says what a prune of files did and found, the plain counts first and
// then only what is not as it should be.
func prunedFiles(result fileremoval.Result) string {
	parts := []string{fmt.Sprintf("%d manifests and %d contents removed, %d manifests kept, %d of them as an exception",
		result.Removed, result.Contents, result.Kept, result.Exceptions)}

	for _, part := range []struct {
		count int64
		says  string
	}{
		{result.Due, "manifests and contents would go if the promise were enforced"},
		{result.Swept, "objects that appeared late removed"},
		{result.Late, "objects were still there past their time"},
		{result.Missing, "objects are missing from the bucket"},
		{result.Foreign, "objects in the bucket are not Steward's"},
	} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.says))
		}
	}

	return strings.Join(parts, ", ")
}
