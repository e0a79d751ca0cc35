package system_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"steward/dev/harness"
	"steward/workflows"
)

// TestRecordFilesHistories records the histories of DailyFiles, as TestRecordHistories
// does the others, and like it only when asked to.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordFilesHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Unchecked: true}) // it damages its world
	sets := r.world.Rules.Promises.Backups.Files
	if len(sets) == 0 {
		t.Fatal("the policy of this world names no files")
	}
	f := filesRecorder{recorder: r, set: sets[0].Name}
	r.must(r.world.Unretain(t.Context(), filesBucket))
	f.finished("clean", false)
	f.finished("done_already", false)
	f.running()
	f.badThenGood()
	f.drifted()
	f.mended()
	f.set = "payroll"
	f.finished("unknown_files", true)
}

// filesRecorder plays the scenes of one set of files.
type filesRecorder struct {
	recorder

	set string
}

func (f filesRecorder) bucket() *storage.BucketHandle {
	return f.world.Bucket.Bucket(f.world.Rules.Storage.Files)
}

func (f filesRecorder) id(scene string) string { return "backup/files/" + f.set + "/" + scene }

func (f filesRecorder) start(scene string, due time.Time) client.WorkflowRun {
	f.Helper()
	run, err := f.world.Start(f.Context(), f.id(scene), workflows.DailyFilesName, workflows.DailyFilesParams{Files: f.set, Due: due})
	f.must(err)
	return run
}

func (f filesRecorder) keepFiles(scene string) {
	f.Helper()
	f.keep(workflows.DailyFilesName, scene, f.id(scene))
}

func (f filesRecorder) finished(scene string, fails bool) {
	f.Helper()
	if err := f.start(scene, time.Time{}).Get(f.Context(), nil); (err != nil) != fails {
		f.Fatalf("%s: %v", scene, err)
	}
	f.keepFiles(scene)
}

// running keeps a history that has no end yet: the drill is at work.
func (f filesRecorder) running() {
	f.tomorrow()
	f.must(f.world.Workers["drill"].Pause())
	run := f.start("running", f.world.Now())
	f.taken()
	f.reaches("running", "TakeFiles", func(after *historypb.HistoryEvent) bool {
		return after.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "DrillFiles"
	})
	f.keepFiles("running")
	f.must(f.world.Workers["drill"].Resume())
	f.must(run.Get(f.Context(), nil))
}

// taken waits until a backup waits for its drill, and gives the names of its contents.
func (f filesRecorder) taken() (contents []string) {
	eventually(f.T, "a backup of files", func() bool {
		var err error
		contents, err = harness.Rows(f.Context(), f.world.StewardURL, `select c.object from file_contents as c join file_backups as b
			on c.fileset = b.fileset and c.newest_at = b.snapshot_at where b.state = 'taken' order by 1`)
		f.must(err)
		return len(contents) > 0
	})
	return contents
}

// reaches waits until the history has an event after the one that schedules a step.
func (f filesRecorder) reaches(scene, step string, is func(after *historypb.HistoryEvent) bool) {
	eventually(f.T, step+" in the history", func() bool {
		history, err := f.world.History(f.Context(), f.id(scene), "")
		f.must(err)
		scheduled := false
		for _, event := range history.GetEvents() {
			if scheduled && is(event) {
				return true
			}
			scheduled = scheduled || event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == step
		}
		return false
	})
}

// badThenGood lets a drill meet a content that was exchanged in the bucket.
func (f filesRecorder) badThenGood() {
	f.tomorrow()
	f.must(f.world.Workers["drill"].Pause())
	run := f.start("bad_then_good", time.Time{})
	object := f.bucket().Object(f.taken()[0])
	f.must(object.Delete(f.Context()))
	writer := object.NewWriter(f.Context())
	_, err := io.WriteString(writer, "not what was uploaded")
	f.must(errors.Join(err, writer.Close()))
	f.must(f.world.Workers["drill"].Resume())
	f.must(run.Get(f.Context(), nil))
	f.keepFiles("bad_then_good")
}

// drifted lets a run by hand meet a bucket that keeps old generations.
func (f filesRecorder) drifted() {
	f.tomorrow()
	f.versioning(true)
	f.finished("bucket_drift", true)
	f.versioning(false)
}

// mended lets one that is due wait until somebody has mended the bucket.
func (f filesRecorder) mended() {
	f.versioning(true)
	run := f.start("bucket_mended", f.world.Now())
	f.reaches("bucket_mended", "CheckFileBuckets", func(after *historypb.HistoryEvent) bool {
		return after.GetEventType() == enumspb.EVENT_TYPE_TIMER_STARTED
	})
	f.versioning(false)
	f.must(run.Get(f.Context(), nil))
	f.keepFiles("bucket_mended")
}

func (f filesRecorder) versioning(on bool) {
	f.Helper()
	_, err := f.bucket().Update(f.Context(), storage.BucketAttrsToUpdate{VersioningEnabled: on})
	f.must(err)
}
