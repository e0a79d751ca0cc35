package system_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"steward/activities"
	"steward/dev/harness"
	"steward/internal/boundary"
	"steward/internal/clocks"
	"steward/internal/fileprune"
	"steward/internal/fileremoval"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/operator"
	"steward/internal/postgres"
	"steward/workflows"
)

// recordedFilesBucket is the bucket of these scenes.
const recordedFilesBucket = "recorded-files"

// pruneFilesRecorder plays scenes of PruneFiles. The workflow runs in the core worker's
// process; the activity in the test's, over a catalogue whose rows are written by
// hand, since no policy of a world names files.
type pruneFilesRecorder struct {
	recorder

	steward *postgres.DB
	bucket  *gcs.Bucket
}

// TestRecordPruneFilesHistories records what PruneFiles does: see TestRecordHistories.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordPruneFilesHistories(t *testing.T) {
	r := pruneFilesRecorder{recorder: newRecorder(t, harness.Options{Processes: []string{"core"}, Unchecked: true})}
	r.connect()
	r.work()
	r.day("first")
	r.pruneFiles("none", func() {})
	for range 7 {
		r.tomorrow()
	}
	last := r.day("last")
	r.pruneFiles("plain", func() {})
	for range 7 {
		r.tomorrow()
	}
	r.pruneFiles("exception", func() {})
	r.tomorrow()
	r.day("younger")
	r.must(r.bucket.SetHold(t.Context(), last, r.generation(last), true))
	r.pruneFiles("blocked", func() {
		eventually(t, "a refused removal", func() bool {
			run, err := r.world.Temporal.DescribeWorkflowExecution(t.Context(), ids.PruneFiles()+"/blocked", "")
			r.must(err)
			for _, pending := range run.GetPendingActivities() {
				if pending.GetAttempt() > 1 {
					return true
				}
			}
			return false
		})
		r.must(r.bucket.SetHold(t.Context(), last, r.generation(last), false))
	})
}

// connect opens the database and a bucket of its own.
func (r *pruneFilesRecorder) connect() {
	var err error
	r.steward, err = postgres.Open(r.Context(), r.world.StewardURL)
	r.must(err)
	r.Cleanup(r.steward.Close)
	service, err := gcs.Open(r.Context(), gcs.Options{Endpoint: r.world.Storage.URL(), Project: "test"})
	r.must(err)
	r.Cleanup(func() { r.must(service.Close()) })
	r.bucket = service.Bucket(recordedFilesBucket)
	_, err = r.bucket.Create(r.Context(), gcs.Settings{Location: "EU", UniformAccess: true})
	r.must(err)
}

// work runs the activity as the backup role's worker does.
func (r *pruneFilesRecorder) work() {
	mine, err := client.NewClientFromExistingWithContext(r.Context(), r.world.Temporal, client.Options{
		Namespace: r.world.Namespace, Identity: "steward-worker/backup",
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	r.must(err)
	r.Cleanup(mine.Close)
	queue := worker.New(mine, workflows.BackupQueue, worker.Options{
		Interceptors: []interceptor.WorkerInterceptor{&boundary.Interceptor{Log: slog.New(slog.DiscardHandler)}},
	})
	rules := r.world.Rules.Promises.Backups
	queue.RegisterActivity(&activities.FilePrunes{
		Clock: clocks.Dev(r.world.Clock), Patience: harness.DefaultScale,
		Remover: fileremoval.Remover{Steward: r.steward, Bucket: r.bucket, Enforce: true, Rule: fileprune.Rule{
			Keep: rules.Keep, Zone: r.world.Rules.Company.Zone, KeepLastDrilled: true, Tolerance: rules.Tolerance.Shortest(),
		}},
	})
	r.must(queue.Start())
	r.Cleanup(queue.Stop)
}

// day writes a proven day with one content of its own, and gives that object's name.
func (r *pruneFilesRecorder) day(content string) string {
	now, id, attempt, name := r.world.Now(), ids.New("fbk"), ids.New("att"), "uploads/contents/"+content
	object, err := r.bucket.Put(r.Context(), name, strings.NewReader(content), gcs.PutOptions{})
	r.must(err)
	r.exec(`insert into file_backups (id, fileset, day, state, attempt, owner, opened_at, beat_at, snapshot_at, taken_at, drilled_at, manifest_sha256, files)
		values ($1, 'uploads', ($3::timestamptz at time zone 'UTC')::date, 'drilled', $2, 'record', $3, $3, $3, $3, $3, $4, 1)`,
		id, attempt, now, strings.Repeat("ab", 32))
	for _, kind := range []string{"list", "manifest"} {
		at := "uploads/" + now.Format(time.DateOnly) + "/" + attempt + "/" + kind
		stored, err := r.bucket.Put(r.Context(), at, strings.NewReader(kind), gcs.PutOptions{})
		r.must(err)
		r.exec(`insert into file_objects (backup_id, attempt, name, kind, generation, bytes, sha256) values ($1, $2, $3, $4, $5, $6, 'hash')`,
			id, attempt, at, kind, stored.Generation, stored.Size)
	}
	r.exec(`insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at, generation, bytes, sha256)
		values ($1, 'uploads', $2, $3, $4, $4, $5, $6, 'hash')`, ids.New("cnt"), name, attempt, now, object.Generation, object.Size)
	return name
}

func (r *pruneFilesRecorder) exec(sql string, args ...any) {
	r.Helper()
	_, err := r.steward.Exec(r.Context(), sql, args...)
	r.must(err)
}

func (r *pruneFilesRecorder) generation(name string) int64 {
	object, err := r.bucket.Stat(r.Context(), name)
	r.must(err)
	return object.Generation
}

// pruneFiles runs PruneFiles, does something meanwhile, and keeps the history.
func (r *pruneFilesRecorder) pruneFiles(scene string, meanwhile func()) {
	r.Helper()
	id := ids.PruneFiles() + "/" + scene
	run, err := r.world.Start(r.Context(), id, workflows.PruneFilesName)
	r.must(err)
	meanwhile()
	r.must(run.Get(r.Context(), nil))
	r.keep(workflows.PruneFilesName, scene, id)
}

// TestRecordProofHistories records more of BackupEvidence and PruneByHand: reports
// of one database and of a month that is none, prunes by hand that found nothing to
// do and another plan than the operator saw.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordProofHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Unchecked: true})
	r.must(harness.Exec(t.Context(), r.world.StewardURL, `insert into installation (installed_at) values (now())`))
	_, err := r.world.Backup(t.Context(), "app")
	r.must(err)
	month := r.world.Now().Format("2006-01")
	r.ends(workflows.BackupEvidenceName, "one_database", false, workflows.BackupEvidenceParams{Month: month, Database: "app"})
	r.ends(workflows.BackupEvidenceName, "refused", true, workflows.BackupEvidenceParams{Month: "2001-01"})
	r.acts("nothing_to_do", false, askToPrune(t, r.world))
	r.acts("plan_changed", true, r.anotherPlan())
}

// anotherPlan is the act of an operator who saw a plan that is not that of now.
func (r recorder) anotherPlan() string {
	steward, err := postgres.Open(r.Context(), r.world.StewardURL)
	r.must(err)
	defer steward.Close()
	act, err := operator.Ask(r.Context(), steward, operator.PruneBackups, strings.Repeat("0c", 32), r.world.Now())
	r.must(err)
	return act
}

// ends runs a workflow to its end, good or bad, and keeps its history.
func (r recorder) ends(name, scene string, fails bool, params any) {
	r.Helper()
	r.endsAs("record/"+name+"/"+scene, name, scene, fails, params)
}

// acts is ends for an act, which only its own workflow carries out.
func (r recorder) acts(scene string, fails bool, act string) {
	r.Helper()
	r.endsAs(ids.PruneByHand(act), workflows.PruneByHandName, scene, fails, workflows.PruneByHandParams{Act: act})
}

func (r recorder) endsAs(id, name, scene string, fails bool, params any) {
	r.Helper()
	run, err := r.world.Start(r.Context(), id, name, params)
	r.must(err)
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	if err := run.Get(ctx, nil); (err != nil) != fails {
		r.Fatalf("%s: %v", scene, err)
	}
	r.keep(name, scene, id)
}
