package system_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"steward/dev/harness"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/workflows"
)

// recordVariable asks for new histories: by hand,
// STEWARD_RECORD=v2 go test -C dev -run TestRecordHistories ./system. Its value
// is the version in the files' names: that of the landed code that is recorded.
const recordVariable = "STEWARD_RECORD"

// recorder plays the scenes whose histories later code must still replay.
type recorder struct {
	*testing.T

	world   *harness.World
	version string
}

// TestRecordHistories records what the replay test of package workflows replays.
// It only writes when asked to; without that it is skipped, since a history of
// code that has not landed proves nothing.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{})
	r.must(r.world.Unretain(t.Context(), backups))
	r.must(harness.Exec(t.Context(), r.world.StewardURL, `insert into installation (installed_at) values (now())`))
	r.audit("nothing_yet")
	r.prune("none")
	r.clean()
	r.audit("after_a_backup")
	r.prune("kept")
	r.again()
	r.retried()
	r.badThenGood()
	r.unknown()
	r.removed()
	r.byHand()
	r.exception()
	r.audit("backups_stopped")
	r.evidence("stopped")
}

// newRecorder skips a test that nobody asked for.
func newRecorder(t *testing.T, options harness.Options) recorder {
	t.Helper()
	version := os.Getenv(recordVariable)
	if version == "" {
		t.Skip("records only when " + recordVariable + " names a version")
	}
	return recorder{T: t, version: version, world: harness.New(t, options)}
}

func (r recorder) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// backup runs DailyBackup and keeps its history.
func (r recorder) backup(scene, database string, fails bool) {
	r.Helper()
	id := "backup/" + database + "/" + scene
	_, err := r.world.BackupAs(r.Context(), id, workflows.DailyBackupParams{Database: database})
	if (err != nil) != fails {
		r.Fatalf("%s: %v", scene, err)
	}
	r.keep(workflows.DailyBackupName, scene, id)
}

func (r recorder) prune(scene string) {
	r.Helper()
	r.ran(workflows.PruneBackupsName, scene, ids.Prune()+"/"+scene)
}

func (r recorder) tomorrow() { r.must(r.world.Move(day)) }

func (r recorder) clean() { r.backup("clean", "app", false) }

// again asks for a day that is done.
func (r recorder) again() { r.backup("done_already", "app", false) }

// retried meets errors in each of the three steps.
func (r recorder) retried() {
	r.tomorrow()
	r.hurt("dump_retried", harness.Plan{N: 1, Counts: func(call harness.Call) bool { return call.Name == "start pg_dump" }})
	r.tomorrow()
	r.hurt("drill_retried", harness.Plan{N: 1, Counts: func(call harness.Call) bool { return call.Name == "start pg_restore" }})
}

// hurt lets one call of a backup fail.
func (r recorder) hurt(scene string, plan harness.Plan) {
	r.Helper()
	plan.Mode = faults.Before
	r.world.Gate.Arm(plan)
	r.backup(scene, "app", false)
	if _, hit := r.world.Gate.Disarm(); hit == nil {
		r.Fatal("nothing failed")
	}
}

// badThenGood lets a drill meet an archive that was exchanged in the bucket.
func (r recorder) badThenGood() {
	r.tomorrow()
	r.must(r.world.Workers["drill"].Pause())
	run, err := r.world.Start(r.Context(), "backup/app/bad_then_good", workflows.DailyBackupName, workflows.DailyBackupParams{Database: "app"})
	r.must(err)
	r.spoil()
	r.must(r.world.Workers["drill"].Resume())
	r.must(run.Get(r.Context(), nil))
	r.keep(workflows.DailyBackupName, "bad_then_good", "backup/app/bad_then_good")
}

// spoil waits for today's archive and puts another object in its place.
func (r recorder) spoil() {
	var names []string
	eventually(r.T, "an archive", func() (there bool) {
		var err error
		names, err = harness.Rows(r.Context(), r.world.StewardURL, `select o.name from backup_objects as o join backups as b on b.id = o.backup_id
			where b.state = 'taken' and o.kind = 'archive' and o.attempt = b.attempt`)
		r.must(err)
		return len(names) == 1
	})
	object := r.world.Bucket.Bucket(backups).Object(names[0])
	r.must(object.Delete(r.Context()))
	writer := object.NewWriter(r.Context())
	_, err := io.WriteString(writer, "not what was uploaded")
	r.must(err)
	r.must(writer.Close())
}

func (r recorder) unknown() { r.backup("unknown_database", "payroll", true) }

// removed goes past the time of everything but what a fresh backup covers.
func (r recorder) removed() {
	for range 5 {
		r.tomorrow()
	}
	_, err := r.world.Backup(r.Context(), "app")
	r.must(err)
	r.prune("removed")
}

// byHand prunes what a day later is past its time, as an operator who agreed to the plan.
func (r recorder) byHand() {
	r.tomorrow()
	_, err := r.world.Backup(r.Context(), "app")
	r.must(err)
	act := askToPrune(r.T, r.world)
	run, err := r.world.Start(r.Context(), ids.PruneByHand(act), workflows.PruneByHandName, workflows.PruneByHandParams{Act: act})
	r.must(err)
	r.must(run.Get(r.Context(), nil))
	r.keep(workflows.PruneByHandName, "by_hand", ids.PruneByHand(act))
}

// exception lets backups stop: the last proven one stays past its time.
func (r recorder) exception() {
	for range 7 {
		r.tomorrow()
	}
	r.must(r.world.Move(time.Hour))
	r.prune("exception")
}

// audit runs PromiseAudit and keeps its history.
func (r recorder) audit(scene string) {
	r.Helper()
	r.ran(workflows.PromiseAuditName, scene, ids.Audit()+"/"+scene)
}

// evidence runs BackupEvidence over the month that is now and keeps its history.
func (r recorder) evidence(scene string) {
	r.Helper()
	month := r.world.Now().Format("2006-01")
	id := ids.BackupEvidence(month, "") + "/" + scene
	r.ran(workflows.BackupEvidenceName, scene, id, workflows.BackupEvidenceParams{Month: month})
}

// ran runs a workflow to its end, which is good, and keeps its history.
func (r recorder) ran(name, scene, id string, args ...any) {
	r.Helper()
	run, err := r.world.Start(r.Context(), id, name, args...)
	r.must(err)
	r.must(run.Get(r.Context(), nil))
	r.keep(name, scene, id)
}

// keep writes the history of a run that has ended.
func (r recorder) keep(name, scene, id string) {
	r.Helper()
	history, err := r.world.History(r.Context(), id, "")
	r.must(err)
	scrub(history)
	text, err := harness.MarshalHistory(history)
	r.must(err)
	dir := filepath.Join(harness.Root(), "workflows", "testdata", "replay", name)
	r.must(os.MkdirAll(dir, 0o750))
	path := filepath.Join(dir, fmt.Sprintf("%s_%s.json", r.version, scene))
	r.must(os.WriteFile(path, append(text, '\n'), 0o600))
	r.Logf("%s: %d events", strings.TrimPrefix(path, harness.Root()+"/"), len(history.GetEvents()))
}

// scrub takes the machine's name out: it stands in the names of sticky queues.
func scrub(history *historypb.History) {
	for _, event := range history.GetEvents() {
		queue := event.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue()
		if queue.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			queue.Name = "sticky"
		}
	}
}
