package workflows_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/fileremoval"
	"steward/workflows"
)

// filesWorld answers the steps of DailyFiles.
type filesWorld struct {
	opened catalogue.State
	openOK bool
	// refuse is what the first drills answer, one code each.
	refuse []failure.Code
	// late opens the day after it was due.
	late bool
	// before says that the run began before its bucket was looked at.
	before bool

	// drifts is how many looks find the bucket wrong; byHand is a run for no time of the
	// policy.
	drifts int
	byHand bool

	looks, takes, drills int
	details              string
	tries                []activity.Info
}

func (w *filesWorld) open(_ context.Context, params activities.OpenDayParams) (activities.OpenedFilesDay, error) {
	if !w.openOK || params.Database != "uploads" {
		return activities.OpenedFilesDay{}, boundary.Outside(failure.New(failure.UnknownDatabase, "testing"))
	}

	opened := activities.OpenedFilesDay{DayTimes: activities.DayTimes{EndIn: 20 * time.Hour, DueIn: time.Hour}}
	opened.Backup, opened.Day, opened.State = "fbk_x", "2026-11-22", w.opened
	opened.DueAt = time.Date(2026, 11, 22, 4, 30, 0, 0, time.UTC)

	if w.late {
		opened.DueIn = -time.Minute
	}

	if w.byHand {
		opened.DueAt = time.Time{}
	}

	return opened, nil
}

func (w *filesWorld) look(_ context.Context, files string) (activities.BucketLook, error) {
	w.looks++

	if files != "uploads" {
		return activities.BucketLook{}, boundary.Outside(failure.New(failure.UnknownDatabase, "testing"))
	}

	if w.looks <= w.drifts {
		return activities.BucketLook{Drift: drift()}, nil
	}

	return activities.BucketLook{}, nil
}

func (w *filesWorld) take(ctx context.Context, id string) (activities.FilesStatus, error) {
	w.takes++
	w.tries = append(w.tries, activity.GetInfo(ctx))

	if info := activity.GetInfo(ctx); info.TaskQueue != workflows.FilesQueue || id != "fbk_x" {
		return activities.FilesStatus{}, boundary.Outside(failure.New(failure.UsageWrong, "testing"))
	}

	return activities.FilesStatus{Backup: id, Day: "2026-11-22", State: catalogue.Taken, Count: 3, Bytes: 2048, Fresh: 2, Vanished: 1}, nil
}

func (w *filesWorld) drill(ctx context.Context, id string) (activities.FilesStatus, error) {
	w.drills++
	w.tries = append(w.tries, activity.GetInfo(ctx))

	if info := activity.GetInfo(ctx); info.TaskQueue != workflows.FilesDrillQueue || id != "fbk_x" {
		return activities.FilesStatus{}, boundary.Outside(failure.New(failure.UsageWrong, "testing"))
	}

	if w.drills <= len(w.refuse) {
		return activities.FilesStatus{}, boundary.Outside(failure.New(w.refuse[w.drills-1], "testing"))
	}

	return activities.FilesStatus{Backup: id, Day: "2026-11-22", State: catalogue.Drilled, Count: 3, DrillSeconds: 1.5}, nil
}

func (w *filesWorld) run(t *testing.T, stages ...string) (activities.FilesStatus, error) {
	t.Helper()

	env := newEnvironment()
	env.RegisterActivityWithOptions(w.open, activity.RegisterOptions{Name: "OpenFilesDay"})
	env.RegisterActivityWithOptions(w.look, activity.RegisterOptions{Name: "CheckFileBuckets"})
	env.RegisterActivityWithOptions(w.take, activity.RegisterOptions{Name: "TakeFiles"})
	env.RegisterActivityWithOptions(w.drill, activity.RegisterOptions{Name: "DrillFiles"})
	env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (activities.FilesStatus, error) {
		result, err := workflows.Promises{}.DailyFiles(ctx, workflows.DailyFilesParams{Files: "uploads"})
		w.details = workflow.GetCurrentDetails(ctx)

		return result, err
	}, workflow.RegisterOptions{Name: workflows.DailyFilesName})

	wanted := [][]temporal.SearchAttributeUpdate{{
		workflows.PromiseKey.ValueSet("backups"), workflows.SubjectKey.ValueSet("uploads"), workflows.StageKey.ValueSet("opening"),
	}}

	for _, each := range stages {
		if each == "due" {
			wanted = append(wanted, []temporal.SearchAttributeUpdate{
				workflows.DueAtKey.ValueSet(time.Date(2026, 11, 22, 4, 30, 0, 0, time.UTC)),
			})

			continue
		}

		if each == "overdue" {
			wanted = append(wanted, []temporal.SearchAttributeUpdate{workflows.OverdueKey.ValueSet(true)})

			continue
		}

		wanted = append(wanted, stage(each))
	}

	if w.before {
		env.OnGetVersion("bucket-guard", workflow.DefaultVersion, workflow.Version(1)).Return(workflow.DefaultVersion)
	}

	upserts(env, wanted...)
	env.ExecuteWorkflow(workflows.DailyFilesName)
	env.AssertExpectations(t)

	var result activities.FilesStatus

	err := env.GetWorkflowError()
	if err == nil {
		err = env.GetWorkflowResult(&result)
	}

	return result, err
}

func TestDailyFiles(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Running}

	result, err := w.run(t, "due", "storing", "drilling", "drilled")
	if err != nil || result.State != catalogue.Drilled || w.takes != 1 || w.drills != 1 {
		t.Fatalf("%+v, %v, %+v", result, err, w)
	}

	detailsHold(t, w.details, "- **done** Open the business day: 2026-11-22",
		"3 files, 2.0 kB, 2 stored now, 1 deleted before they were read", "- **done** Read again and compare: equal in 1.5 s")
}

func TestADayOfFilesThatIsDoneIsDoneOnce(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Drilled}

	if _, err := w.run(t, "drilled"); err != nil || w.takes+w.drills != 0 {
		t.Errorf("%v, %+v", err, w)
	}
}

// What a drill refuses is taken anew, three times at most; what a new backup cannot
// mend ends the run at once.
func TestFilesAreTakenAnew(t *testing.T) {
	t.Parallel()

	bad := failure.ArchiveInvalid
	for name, c := range map[string]struct {
		refuse []failure.Code
		takes  int
		code   failure.Code
		stages []string
	}{
		"healed":      {[]failure.Code{bad}, 2, "", []string{"due", "storing", "drilling", "storing", "drilling", "drilled"}},
		"never":       {[]failure.Code{bad, bad, bad}, 3, bad, []string{"due", "storing", "drilling", "storing", "drilling", "storing", "drilling", "failed"}},
		"a wrong key": {[]failure.Code{failure.DecryptFailed}, 1, failure.DecryptFailed, []string{"due", "storing", "drilling", "failed"}},
	} {
		w := &filesWorld{openOK: true, opened: catalogue.Running, refuse: c.refuse}

		_, err := w.run(t, c.stages...)
		if w.takes != c.takes || (err == nil) != (c.code == "") || c.code != "" && boundary.CodeOf(err) != c.code {
			t.Errorf("%s: %v after %d takes", name, err, w.takes)
		}
	}
}

func TestADayOfFilesThatCannotBeOpened(t *testing.T) {
	t.Parallel()

	w := &filesWorld{}

	if _, err := w.run(t, "failed"); boundary.CodeOf(err) != failure.UnknownDatabase {
		t.Error(err)
	}

	detailsHold(t, w.details, "- **failed** Open the business day", "`unknown_database`")
}

// A run waits until its bucket is mended, as one of databases does, and one by hand
// fails soon. Nothing is stored before.
func TestFilesWaitForTheirBucket(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Running, drifts: 3, late: true}
	if _, err := w.run(t, "due", "overdue", "bucket drift", "bucket drift", "bucket drift", "storing", "drilling", "drilled"); err != nil ||
		w.looks != 4 || w.takes != 1 {
		t.Errorf("%v, %+v", err, w)
	}

	detailsHold(t, w.details, "- **done** Compare the buckets with the policy\n")

	w = &filesWorld{openOK: true, opened: catalogue.Running, drifts: 100, byHand: true}

	_, err := w.run(t, "bucket drift", "bucket drift", "failed")
	if boundary.CodeOf(err) != failure.BucketDrift || w.looks != 3 || w.takes > 0 || !strings.Contains(err.Error(), isWrong+drifted) {
		t.Errorf("%v, %+v", err, w)
	}

	detailsHold(t, w.details, "- **failed** Compare the buckets with the policy: "+drifted, "- **waits** List, encrypt")
}

// A run that began before its bucket was looked at goes on without.
func TestFilesOfARunFromBefore(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Running, drifts: 100, before: true}
	if _, err := w.run(t, "due", "storing", "drilling", "drilled"); err != nil || w.looks > 0 || w.takes != 1 {
		t.Errorf("%v, %+v", err, w)
	}

	detailsHold(t, w.details, "- **done** Compare the buckets with the policy: not looked at")
}

// One file may be read for hours: a try may take all that is left of the run, and it
// is its heartbeats that show whether it lives.
func TestAFileMayTakeHours(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Running}
	if _, err := w.run(t, "due", "storing", "drilling", "drilled"); err != nil {
		t.Fatal(err)
	}

	// 5 TiB, the most that one object has, at 100 MB/s.
	const longest = (5 << 40) / 100_000_000 * time.Second

	for _, try := range w.tries {
		if left := try.Deadline.Sub(try.StartedTime); left < longest || left > 20*time.Hour || try.HeartbeatTimeout != time.Minute {
			t.Errorf("%s may take %s, and be silent for %s", try.ActivityType.Name, left, try.HeartbeatTimeout)
		}
	}

	if len(w.tries) != 2 {
		t.Errorf("%d tries", len(w.tries))
	}
}

func TestALateDayOfFilesIsOverdue(t *testing.T) {
	t.Parallel()

	w := &filesWorld{openOK: true, opened: catalogue.Running, late: true}

	if _, err := w.run(t, "due", "overdue", "storing", "drilling", "drilled"); err != nil {
		t.Error(err)
	}
}

func TestPruneFiles(t *testing.T) {
	t.Parallel()

	for _, fails := range []bool{false, true} {
		env, calls, details := newEnvironment(), 0, ""
		env.RegisterActivityWithOptions(func(ctx context.Context) (fileremoval.Result, error) {
			calls++

			if queue := activity.GetInfo(ctx).TaskQueue; queue != workflows.BackupQueue {
				t.Error(queue)
			}

			if fails || calls == 1 {
				return fileremoval.Result{}, boundary.Outside(failure.New(failure.StorageRefused, "removing"))
			}

			return fileremoval.Result{Kept: 7, Removed: 1, Contents: 20, Exceptions: 1, Missing: 3}, nil
		}, activity.RegisterOptions{Name: "PruneFiles"})
		env.RegisterWorkflowWithOptions(func(ctx workflow.Context) (fileremoval.Result, error) {
			result, err := workflows.Promises{}.PruneFiles(ctx)
			details = workflow.GetCurrentDetails(ctx)

			return result, err
		}, workflow.RegisterOptions{Name: workflows.PruneFilesName})

		last := map[bool]string{false: "pruned", true: "failed"}[fails]
		upserts(env, []temporal.SearchAttributeUpdate{workflows.PromiseKey.ValueSet("backups"), workflows.StageKey.ValueSet("pruning")}, stage(last))
		env.ExecuteWorkflow(workflows.PruneFilesName)
		env.AssertExpectations(t)

		if err := env.GetWorkflowError(); (err != nil) != fails || calls < 2 {
			t.Errorf("%v after %d calls", err, calls)
		}

		wanted := "1 manifests and 20 contents removed, 7 manifests kept, 1 of them as an exception, 3 objects are missing from the bucket"
		if fails {
			wanted = "`storage_refused`"
		}

		detailsHold(t, details, wanted)
	}
}
