package system_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"steward/dev/harness"
	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/ids"
	"steward/internal/promise"
	"steward/workflows"
)

// The exit codes that docs/cli.md promises, written out.
const (
	exitOK      = 0
	exitFailed  = 1
	exitUsage   = 2
	exitBroken  = 5
	exitPending = 6
	exitRefused = 7
)

// steward is the real command with an environment of its own.
type steward struct {
	bin  string
	vars []string
}

// run gives what the command wrote, and its exit code.
func (s steward) run(t *testing.T, args ...string) (out, errs string, exit int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), s.bin, args...)
	var stdout, stderr bytes.Buffer
	command.Env, command.Stdout, command.Stderr = s.vars, &stdout, &stderr
	var failed *exec.ExitError
	if err := command.Run(); err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// read runs a command with --json and decodes its document.
func (s steward) read(t *testing.T, into any, want int, args ...string) (errs string) {
	t.Helper()
	out, errs, exit := s.run(t, append(args, "--json")...)
	if exit != want {
		t.Fatalf("steward %s: exit code %d, wanted %d\n%s%s", strings.Join(args, " "), exit, want, out, errs)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		t.Fatalf("steward %s: %v\n%s%s", strings.Join(args, " "), err, out, errs)
	}
	return errs
}

// setup runs `steward setup` and gives the outcome of each step by its name, and
// its changes.
func (s steward) setup(t *testing.T, want int) (outcomes, changes map[string]string) {
	t.Helper()
	var report struct {
		Steps []struct {
			Area, Name, Outcome string
			Changes             []string
		}
	}
	s.read(t, &report, want, "setup")
	outcomes, changes = map[string]string{}, map[string]string{}
	for _, step := range report.Steps {
		outcomes[step.Area+" "+step.Name] = step.Outcome
		changes[step.Area+" "+step.Name] = strings.Join(step.Changes, "; ")
	}
	return outcomes, changes
}

// check is one line of `steward doctor`.
type check struct{ Area, Name, State, Says, Hint, Code string }

func (s steward) doctor(t *testing.T, want int) (found []check, errs string) {
	t.Helper()
	var report struct{ Checks []check }
	errs = s.read(t, &report, want, "doctor")
	return report.Checks, errs
}

// healthy fails unless the doctor finds everything in order. Which programs this
// machine has is not the world's affair, there is no Web UI, and what this process was
// not given is not looked at.
func (s steward) healthy(t *testing.T) {
	t.Helper()
	found, _ := s.doctor(t, exitOK)
	for _, each := range found {
		known := each.Name == "programs" && each.State == "warn" || each.Name == "web ui" && each.State == "skipped" ||
			each.State == "skipped" && strings.HasPrefix(each.Says, "not looked at: ")
		if each.State != "ok" && !known {
			t.Errorf("%+v", each)
		}
	}
	if len(found) < 15 {
		t.Errorf("only %d checks", len(found))
	}
}

// unwell gives the one check that the doctor finds failed.
func (s steward) unwell(t *testing.T, want int) (failed check, errs string) {
	t.Helper()
	found, errs := s.doctor(t, want)
	bad := slices.DeleteFunc(found, func(each check) bool { return each.State != "fail" })
	if len(bad) != 1 {
		t.Fatalf("failed are %+v", bad)
	}
	return bad[0], errs
}

// same gives each of the names this outcome.
func same(outcome string, names ...string) map[string]string {
	all := map[string]string{}
	for _, name := range names {
		all[name] = outcome
	}
	return all
}

// with is outcomes in which some differ.
func with(outcomes, differ map[string]string) map[string]string {
	all := maps.Clone(outcomes)
	maps.Copy(all, differ)
	return all
}

// steps are all that setup looks at under the tracked policy.
func steps() []string {
	return []string{
		"database migrations", "database installation", "bucket popkit-backups", "bucket popkit-ledger", "bucket popkit-files", "bucket popkit-replay",
		"search attributes StewardPromise", "search attributes StewardStage", "search attributes StewardSubject",
		"search attributes StewardDueAt", "search attributes StewardOverdue",
		"schedule backup/app", "schedule backup/steward", "schedule files/uploads", "schedule prune/files",
		"schedule mail/outbox", "schedule webhooks/deliveries", "schedule records/expire", "schedule datamap/audit",
		"schedule erasure-residue/nightly",
		"schedule prune/backups", "schedule audit/promises",
	}
}

func equal(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s:\n%s", what, diff)
	}
}

// TestSetup runs the real command: into a namespace, a project and a database in
// which there is nothing, and beside workers that then keep what was set up.
func TestSetup(t *testing.T) {
	t.Parallel()
	bin := buildSteward(t)
	t.Run("from nothing", func(t *testing.T) {
		t.Parallel()
		fromNothing(t, bin)
	})
	t.Run("beside workers", func(t *testing.T) {
		t.Parallel()
		besideWorkers(t, bin)
	})
}

// buildSteward builds the command and gives its path.
func buildSteward(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "steward")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-w", "-o", bin, "./starter")
	build.Dir = harness.Root()
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v: %s", err, output)
	}
	return bin
}

// commandIn is the command with the addresses of a world.
func commandIn(t *testing.T, world *harness.World, bin string) steward {
	t.Helper()
	clusters, err := world.Temporal.OperatorService().ListClusters(t.Context(), &operatorservice.ListClustersRequest{})
	if err != nil || len(clusters.GetClusters()) != 1 {
		t.Fatalf("asking Temporal for its address: %v, %v", clusters, err)
	}
	return steward{bin: bin, vars: []string{
		"STEWARD_ENV=dev", "STEWARD_POLICY=" + filepath.Join(world.Dir, "policy.yaml"), "STEWARD_DEV_CLOCK=" + world.Clock,
		"STEWARD_DATAMAP=" + filepath.Join(harness.Root(), "datamap.yaml"),
		"STEWARD_DATABASE_URL=" + world.StewardURL, "APP_DATABASE_URL=" + world.AppURL, "DRILL_DATABASE_URL=" + world.DrillURL,
		"STORAGE_EMULATOR_HOST=" + world.Storage.URL(), "STEWARD_KEYS_DIR=" + filepath.Join(world.Dir, "keys", "backup"),
		"TEMPORAL_ADDRESS=" + clusters.GetClusters()[0].GetAddress(), "TEMPORAL_NAMESPACE=" + world.Namespace, "HOME=" + world.Dir,
		"PATH=" + os.Getenv("PATH"),
	}}
}

// set replaces variables.
func (s steward) set(vars ...string) steward {
	s.vars = append(slices.Clone(s.vars), vars...) // of two with one name, the last holds
	return s
}

// fresh is a place in which nothing was set up: only the servers are there.
type fresh struct {
	steward

	temporal client.Client
	bucket   *storage.BucketHandle
	policy   string // path
	tracked  string // its text
}

func newFresh(t *testing.T, bin string) *fresh {
	t.Helper()
	world := harness.New(t, harness.Options{Processes: []string{}, Unchecked: true})
	text, err := os.ReadFile(filepath.Join(world.Dir, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fresh{policy: filepath.Join(world.Dir, "changing.yaml"), tracked: string(text)}
	f.write(t, f.tracked)
	server := gcstest.Start(t, clocks.System())
	f.bucket = server.Client(t).Bucket(backups)
	if err := server.Client(t).Bucket(world.Rules.Promises.Backups.Files[0].Bucket).Create(t.Context(), "test", nil); err != nil {
		t.Fatal("making the app's bucket: ", err)
	}
	f.steward = commandIn(t, world, bin).set("STEWARD_POLICY="+f.policy, "STEWARD_DATABASE_URL="+emptyDatabase(t, world.StewardURL),
		"EXTRA_DATABASE_URL="+world.AppURL, "STORAGE_EMULATOR_HOST="+server.URL(), "TEMPORAL_NAMESPACE="+ids.New("fresh"))
	return f
}

// dial reaches the namespace that setup has made.
func (f *fresh) dial(t *testing.T) {
	t.Helper()
	last := map[string]string{}
	for _, each := range f.vars {
		name, value, _ := strings.Cut(each, "=")
		last[name] = value
	}
	made, err := client.DialContext(t.Context(), client.Options{
		HostPort: last["TEMPORAL_ADDRESS"], Namespace: last["TEMPORAL_NAMESPACE"],
		Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	f.temporal = made
}

func (f *fresh) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(f.policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// emptyDatabase is one in which not even a migration was applied.
func emptyDatabase(t *testing.T, beside string) string {
	t.Helper()
	at, err := url.Parse(beside)
	if err != nil {
		t.Fatal(err)
	}
	name := ids.New("setup")
	if err := harness.Exec(t.Context(), beside, "create database "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := harness.Exec(context.WithoutCancel(t.Context()), beside, "drop database "+name+" with (force)"); err != nil {
			t.Error(err)
		}
	})
	at.Path = "/" + name
	return at.String()
}

func fromNothing(t *testing.T, bin string) {
	t.Helper()
	f := newFresh(t, bin)
	namespace := "namespace " + strings.TrimPrefix(f.vars[len(f.vars)-1], "TEMPORAL_NAMESPACE=")
	unchanged := same("unchanged", append(steps(), namespace)...)

	made, _ := f.setup(t, exitOK)
	equal(t, "the first time", with(same("created", append(steps(), namespace)...), same("updated", "database migrations")), made)
	again, _ := f.setup(t, exitOK)
	equal(t, "the second time", unchanged, again)

	f.dial(t)
	f.schedules(t)
	const query = "StewardPromise = 'x' AND StewardStage = 'x' AND StewardSubject = 'x' AND StewardOverdue = true AND StewardDueAt > '2026-11-22T00:00:00Z'"
	found, err := f.temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: query})
	if err != nil || found.GetCount() != 0 {
		t.Errorf("searching: %v, %v", found, err)
	}
	f.healthy(t)

	f.changedPolicy(t, unchanged)
	f.nobodyWorks(t)
	f.pausedByHand(t, unchanged)
	f.driftedBucket(t, unchanged)
}

// describe gives a schedule, which must be one that starts workflows.
func (f *fresh) describe(t *testing.T, id string) (*client.ScheduleDescription, *client.ScheduleWorkflowAction) {
	t.Helper()
	described, err := f.temporal.ScheduleClient().GetHandle(t.Context(), id).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	action, ok := described.Schedule.Action.(*client.ScheduleWorkflowAction)
	if !ok {
		t.Fatalf("%s starts %T", id, described.Schedule.Action)
	}
	return described, action
}

// schedules looks at what setup made with the eyes of Temporal's own client.
func (f *fresh) schedules(t *testing.T) {
	t.Helper()
	for id, wanted := range map[string]struct {
		workflow string
		catchUp  time.Duration
		every    time.Duration // 0 is daily
	}{
		"backup/app":     {"DailyBackup", 20 * time.Hour, 0},
		"backup/steward": {"DailyBackup", 20 * time.Hour, 0},
		"files/uploads":  {"DailyFiles", 20 * time.Hour, 0},
		"prune/backups":  {"PruneBackups", time.Hour, time.Hour},
		"prune/files":    {"PruneFiles", time.Hour, time.Hour},
		"audit/promises": {"PromiseAudit", 5 * time.Minute, 5 * time.Minute},
		"datamap/audit":  {"DatamapAudit", time.Hour, time.Hour},

		"erasure-residue/nightly": {"ErasureResidue", 12 * time.Hour, 0},
	} {
		described, action := f.describe(t, id)
		rules, spec := described.Schedule.Policy, described.Schedule.Spec
		if rules.Overlap != enumspb.SCHEDULE_OVERLAP_POLICY_SKIP || rules.CatchupWindow != wanted.catchUp || rules.PauseOnFailure {
			t.Errorf("%s: %+v", id, rules)
		}
		if action.Workflow != wanted.workflow || action.TaskQueue != workflows.CoreQueue || action.ID != id || action.RetryPolicy != nil || described.Schedule.State.Paused {
			t.Errorf("%s: %+v, %+v", id, action, described.Schedule.State)
		}
		switch {
		case wanted.workflow == "ErasureResidue": // by the clocks of the people
			if spec.TimeZoneName != "Europe/Paris" || len(spec.Calendars) != 1 || spec.Calendars[0].Hour[0].Start != 4 {
				t.Errorf("%s: %+v", id, spec)
			}
		case spec.TimeZoneName != "UTC":
			t.Errorf("%s: its zone is %q", id, spec.TimeZoneName)
		case wanted.every == 0:
			f.daily(t, id, 2, 30)
		case len(spec.Calendars) != 0 || len(spec.Intervals) != 1 || spec.Intervals[0].Every != wanted.every:
			t.Errorf("%s: %+v", id, spec)
		}
	}
}

// daily fails unless the next starts are at this time of each day, UTC.
func (f *fresh) daily(t *testing.T, id string, hour, minute int) {
	t.Helper()
	described, _ := f.describe(t, id)
	next := described.Info.NextActionTimes
	for i, at := range next {
		if at = at.UTC(); at.Hour() != hour || at.Minute() != minute || at.Second() != 0 || i > 0 && at.Sub(next[i-1]) != day {
			t.Errorf("%s: the next starts are %s", id, next)
		}
	}
	if len(next) < 2 {
		t.Errorf("%s: the next starts are %s", id, next)
	}
}

// changedPolicy moves the time of day and adds a database, and takes both back:
// the schedule of the database that left stays, and is paused.
func (f *fresh) changedPolicy(t *testing.T, unchanged map[string]string) {
	t.Helper()
	const known, extra = "      - name: steward\n        role: steward\n", "      - name: extra\n        role: app\n"
	changed := strings.Replace(strings.Replace(f.tracked, `at: "02:30"`, `at: "03:15"`, 1), known, known+extra, 1)
	moved := same("updated", "schedule backup/app", "schedule backup/steward", "schedule files/uploads")

	f.write(t, changed)
	found, _ := f.doctor(t, exitBroken)
	if at := slices.IndexFunc(found, func(each check) bool { return each.Name == "schedule backup/app" }); at < 0 ||
		!strings.HasPrefix(found[at].Says, "not as wanted: times: UTC, at 02:30:00 ") || !strings.Contains(found[at].Hint, "steward setup") {
		t.Errorf("before setup: %+v", found)
	}
	outcomes, changes := f.setup(t, exitOK)
	equal(t, "another policy", with(unchanged, with(moved, same("created", "schedule backup/extra"))), outcomes)
	if text := changes["schedule backup/app"]; !strings.HasPrefix(text, "times: ") || strings.Contains(text, ";") {
		t.Errorf("changed were %s", text)
	}
	f.daily(t, "backup/app", 3, 15)
	f.healthy(t)

	f.write(t, f.tracked)
	left := same("paused", "schedule backup/extra")
	outcomes, _ = f.setup(t, exitOK)
	equal(t, "a database left", with(unchanged, with(moved, left)), outcomes)
	f.daily(t, "backup/app", 2, 30)
	if described, _ := f.describe(t, "backup/extra"); !described.Schedule.State.Paused {
		t.Errorf("backup/extra: %+v", described.Schedule.State)
	}
	outcomes, _ = f.setup(t, exitOK)
	equal(t, "a database that left before", unchanged, outcomes)

	f.write(t, strings.Replace(f.tracked, known, known+extra, 1))
	outcomes, _ = f.setup(t, exitOK)
	equal(t, "a database came back", with(unchanged, same("updated", "schedule backup/extra")), outcomes)
	if described, _ := f.describe(t, "backup/extra"); described.Schedule.State.Paused {
		t.Errorf("backup/extra: %+v", described.Schedule.State)
	}
	f.write(t, f.tracked)
	f.setup(t, exitOK)
	f.healthy(t)
}

// nobodyWorks asks for a backup that no worker takes up: the wait ends, and says
// that the run goes on.
func (f *fresh) nobodyWorks(t *testing.T) {
	t.Helper()
	out, errs, exit := f.run(t, "backup", "run", "--database", "app", "--timeout", "1s", "--json")
	if exit != exitPending || !strings.Contains(out, `"message_type":"started"`) || !strings.Contains(errs, `"still_running"`) {
		t.Errorf("exit code %d\n%s%s", exit, out, errs)
	}
}

// pausedByHand is a broken promise in silence: the doctor names it, and setup
// leaves the decision to the person who made it.
func (f *fresh) pausedByHand(t *testing.T, unchanged map[string]string) {
	t.Helper()
	handle := f.temporal.ScheduleClient().GetHandle(t.Context(), "backup/app")
	if err := handle.Pause(t.Context(), client.SchedulePauseOptions{Note: "holidays"}); err != nil {
		t.Fatal(err)
	}
	f.paused(t, true)
	failed, errs := f.unwell(t, exitBroken)
	if failed.Name != "schedule backup/app" || !strings.HasPrefix(failed.Says, "it is paused; the promise does not act by itself") ||
		!strings.HasSuffix(failed.Hint, "temporal schedule toggle --unpause --schedule-id backup/app") {
		t.Errorf("%+v", failed)
	}
	if strings.Contains(errs, "did not answer") || !strings.Contains(errs, "schedule backup/app (it is paused") {
		t.Errorf("the doctor says %s", errs)
	}
	outcomes, changes := f.setup(t, exitOK)
	equal(t, "paused by hand", with(unchanged, same("differs", "schedule backup/app")), outcomes)
	if text := changes["schedule backup/app"]; !strings.Contains(text, "paused by a person") {
		t.Errorf("setup says %s", text)
	}
	if described, _ := f.describe(t, "backup/app"); !described.Schedule.State.Paused || described.Schedule.State.Note != "holidays" {
		t.Errorf("after setup: %+v", described.Schedule.State)
	}
	if err := handle.Unpause(t.Context(), client.ScheduleUnpauseOptions{}); err != nil {
		t.Fatal(err)
	}
	f.paused(t, false)
	f.healthy(t)
}

// paused waits until Temporal shows what a person did to the schedule of app.
func (f *fresh) paused(t *testing.T, paused bool) {
	t.Helper()
	eventually(t, "the pause of backup/app", func() bool {
		described, _ := f.describe(t, "backup/app")
		return described.Schedule.State.Paused == paused
	})
}

// driftedBucket keeps what was deleted: a backup past its time would live on. The
// doctor mends it where it is told to.
func (f *fresh) driftedBucket(t *testing.T, unchanged map[string]string) {
	t.Helper()
	if _, err := f.bucket.Update(t.Context(), storage.BucketAttrsToUpdate{
		SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 7 * day}, VersioningEnabled: true,
	}); err != nil {
		t.Fatal(err)
	}
	const says = "deleted objects stay for 7d, wanted none; old generations are kept"
	failed, errs := f.unwell(t, exitRefused)
	if failed.Name != backups || failed.Says != says || !strings.Contains(failed.Hint, "--clear-soft-delete") || !strings.Contains(errs, `"bucket_drift"`) {
		t.Errorf("%+v\n%s", failed, errs)
	}
	outcomes, changes := f.setup(t, exitRefused)
	equal(t, "a bucket drifted", with(unchanged, same("differs", "bucket "+backups)), outcomes)
	if text := changes["bucket "+backups]; !strings.Contains(text, "deleted objects stay for 7d") {
		t.Errorf("setup says %s", text)
	}
	var report struct {
		Mends []struct{ Bucket, Key, Outcome string }
	}
	f.read(t, &report, exitOK, "doctor", "--fix")
	if diff := cmp.Diff(fmt.Sprint(report.Mends), "[{"+backups+" soft_delete mended} {"+backups+" versioning mended}]"); diff != "" {
		t.Error(diff)
	}
	outcomes, _ = f.setup(t, exitOK)
	equal(t, "a bucket mended", unchanged, outcomes)
	f.healthy(t)
}

// besideWorkers sets a world up whose workers are running already, and lets the
// schedules do their work.
func besideWorkers(t *testing.T, bin string) {
	t.Helper()
	world := harness.New(t, harness.Options{})
	command := commandIn(t, world, bin)
	outcomes, _ := command.setup(t, exitOK)
	equal(t, "beside workers", with(same("unchanged", append(steps(), "namespace "+world.Namespace)...), same("created", "database installation",
		"schedule backup/app", "schedule backup/steward", "schedule files/uploads", "schedule prune/files", "schedule prune/backups",
		"schedule mail/outbox", "schedule webhooks/deliveries", "schedule records/expire", "schedule datamap/audit",
		"schedule erasure-residue/nightly",
		"schedule audit/promises")), outcomes)

	// A schedule's run is of the day at which it is triggered, and not of world.Today: the two differ from midnight to the
	// hour of the backups.
	day := calendar.DayOf(world.Now(), world.Rules.Company.Zone).String()
	for _, database := range []string{"app", "steward"} {
		var result workflows.DailyBackupResult
		triggered(t, world, "backup/"+database, &result)
		if result.State != "drilled" || result.Day != day || result.Backup == "" {
			t.Errorf("%s: %+v", database, result)
		}
	}
	var files workflows.DailyFilesResult
	triggered(t, world, "files/uploads", &files)
	if files.State != "drilled" || files.Day != day || files.Count == 0 || files.Fresh != files.Count {
		t.Errorf("%+v", files)
	}
	triggered(t, world, "prune/files", nil)
	triggered(t, world, "audit/promises", nil)
	command.keeps(t)
	command.healthy(t)

	out, errs, exit := command.run(t, "backup", "run", "--database", "app", "--json")
	if exit != exitOK || !strings.Contains(out, `"state":"drilled"`) {
		t.Errorf("a day that is done: exit code %d\n%s%s", exit, out, errs)
	}
}

// keeps fails unless the promises of this version are kept; that of erasures waits for the first one.
func (s steward) keeps(t *testing.T) {
	t.Helper()
	var found struct {
		Alarming bool
		Promises []struct{ Promise, Item, State, Reason string }
	}
	s.read(t, &found, exitOK, "promises")
	states := map[string]string{}
	for _, each := range found.Promises {
		if each.State != "not built" {
			states[strings.TrimSuffix(each.Promise+"/"+each.Item, "/")] = each.State
		}
	}
	want := same("kept", "backups/app", "backups/steward", "backups/files/uploads", "ledger")
	want[string(promise.Erasure)] = string(promise.Armed)
	equal(t, "promises", want, states)
	if found.Alarming {
		t.Errorf("%+v", found)
	}
}

// triggered makes a schedule act now and waits for the end of its run.
func triggered(t *testing.T, world *harness.World, id string, result any) {
	t.Helper()
	handle := world.Temporal.ScheduleClient().GetHandle(t.Context(), id)
	// A run that is at work by itself at this moment is waited for, not skipped.
	if err := handle.Trigger(t.Context(), client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ONE}); err != nil {
		t.Fatal(err)
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		described, err := handle.Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if recent := described.Info.RecentActions; len(recent) > 0 {
			run := recent[len(recent)-1].StartWorkflowResult
			if err := world.Temporal.GetWorkflow(t.Context(), run.WorkflowID, run.FirstExecutionRunID).Get(t.Context(), result); err != nil {
				t.Fatalf("%s: %v", run.WorkflowID, err)
			}
			return
		}
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}
