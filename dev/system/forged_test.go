package system_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/api/iterator"

	"steward/activities"
	"steward/dev/harness"
	"steward/internal/boundary"
	"steward/internal/clocks"
	"steward/internal/copies"
	"steward/internal/failure"
	"steward/internal/fileprune"
	"steward/internal/fileremoval"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ownrecords"
	"steward/internal/postgres"
	"steward/internal/removal"
	"steward/internal/workflowtest"
	"steward/workflows"
)

// forgeries are inputs that somebody who reaches Temporal's port may send. over is an
// act of an operator that has ended.
func forgeries(now time.Time, over string) map[string][]any {
	return map[string][]any{
		nobodysAct:         {map[string]any{"Act": ids.New("act")}},
		actThatIsOver:      {map[string]any{"Act": over}},
		"in 2099":          {map[string]any{"Database": "app", "Files": "uploads", "Due": "2099-01-01T00:00:00Z"}},
		"long ago":         {map[string]any{"Database": "app", "Files": "uploads", "Due": "2001-01-01T00:00:00Z"}},
		"tomorrow":         {map[string]any{"Database": "app", "Files": "uploads", "Due": now.Add(24 * time.Hour)}},
		"month 9999":       {map[string]any{"Month": "9999-12"}},
		"no month":         {map[string]any{"Month": "../../2026-11", "Database": "../../app"}},
		"this month":       {map[string]any{"Month": now.Format("2006-01")}},
		"unknown database": {map[string]any{"Database": "payroll", "Files": "payroll"}},
		"path as database": {map[string]any{"Database": "../../app", "Files": "../../uploads"}},
		"no database":      {map[string]any{}},
		boldest: {map[string]any{
			"Database": "app", "Files": "uploads", "asOf": "2099-01-01T00:00:00Z", "AsOf": "2099-01-01T00:00:00Z", "Now": "2099-01-01T00:00:00Z",
			"Bucket": "somebody-elses", "Keep": "0s", "Enforce": true, "Force": true, "Backup": "bkp_x", "State": "bad",
		}},
		"another shape": {[]string{"app"}, 7, nil},
		"nothing":       nil,
		"a word":        {"app"},
		"ids":           {ids.New("bkp"), ids.New("att")},
	}
}

// TestForgedInputsDestroyNothing starts every registered workflow through a raw
// client with each forgery. What happens to the runs is their affair; what was
// there before is there afterwards, unchanged, and nothing else is. The bucket
// refuses no deletion here: a retention policy would hide a prune that obeyed.
// That such a prune would be noticed is shown at the end.
func TestForgedInputsDestroyNothing(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Unchecked: true, Copies: true, Messages: true})
	ctx := t.Context()
	messagesToCome(ctx, t, world)
	if err := world.Unretain(ctx, backups, filesBucket, harness.CopiesBucket); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if i > 0 {
			if err := world.Move(day); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := world.Backup(ctx, "app"); err != nil {
			t.Fatal(err)
		}
		if _, err := world.BackupFiles(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := world.CopyMissing(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// What a slow machine's repeated attempts left goes first: removing it is the
	// work of any prune, forged or not.
	if _, err := world.Prune(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := world.PruneFiles(ctx); err != nil {
		t.Fatal(err)
	}
	over := prunedByHand(ctx, t, world)
	acts := actEntries(ctx, t, world)
	before := inventory(ctx, t, world)
	names := registered(t)
	runs := []client.WorkflowRun{}
	for _, name := range names {
		for forgery, args := range forgeries(world.Now(), over) {
			run, err := world.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
				ID: forgedID(name, forgery), TaskQueue: "core", WorkflowRunTimeout: cutAfter(name, forgery),
			}, name, args...)
			if err != nil {
				t.Logf("%s, %s: refused: %v", name, forgery, err)
				continue
			}
			runs = append(runs, run)
		}
	}
	runs = append(runs, underTheirNames(ctx, t, world, over, ids.New("act"))...)
	ended := 0
	for _, run := range runs {
		err := run.Get(ctx, nil)
		if refusedAct(run.GetID()) && boundary.CodeOf(err) != failure.EvidenceMissing {
			t.Errorf("%s was not refused as an act that nobody may begin: %v", run.GetID(), err)
		}
		if err == nil {
			ended++
		} else if slices.Contains(done(), run.GetID()) {
			t.Errorf("%s did not get to its end, so nothing is shown: %v", run.GetID(), err)
		}
	}
	for _, change := range changes(before, inventory(ctx, t, world)) {
		t.Error(change)
	}
	if now := actEntries(ctx, t, world); !slices.Equal(acts, now) || len(acts) != 2 {
		t.Errorf("the ledger tells of acts %v, and of %v before the forgeries", now, acts)
	}
	if len(runs) < len(names) || len(before) == 0 {
		t.Fatalf("%d runs of %v over %d things", len(runs), names, len(before))
	}
	// What the audits have told is on its way, or claimed by a run that was cut.
	if err := allSent(ctx, world); err != nil {
		t.Fatal(err)
	}
	t.Logf("forged runs=%d of %v, succeeded=%d, things unchanged=%d", len(runs), names, ended, len(before))
	harness.CheckWorld(t, world)
	obey(ctx, t, world)
	lost := changes(before, inventory(ctx, t, world))
	for _, kind := range []string{
		"backup ", "object ", "files ", "content ", "copy ", "copied object ", "mail ", "delivery ", "event ", "key ",
		"stored " + backups, "stored " + filesBucket, "stored " + harness.CopiesBucket,
	} {
		if !slices.ContainsFunc(lost, func(line string) bool { return strings.HasPrefix(line, goneOrChanged+kind) }) {
			t.Errorf("a prune in 2099 goes unnoticed in what begins with %q: %q", kind, lost)
		}
	}
}

// boldest is the forgery that asks for most, in a shape that is read.
const boldest = "more than asked"

// done are the forged runs that must get to their end, activities and all: a run
// that is cut before its first activity destroys nothing anywhere.
func done() []string {
	return []string{
		forgedID("DailyBackup", boldest), forgedID("PruneBackups", boldest), forgedID("DailyFiles", boldest), forgedID("PruneFiles", boldest),
		forgedID("CopyBackups", boldest), forgedID("SendMail", boldest), forgedID("DeliverWebhooks", boldest), forgedID("ExpireOwnRecords", boldest),
	}
}

func forgedID(name, forgery string) string { return "forged/" + name + "/" + forgery }

// cutAfter is when a forged run is given up. One that cannot read its input is
// tried until then.
func cutAfter(name, forgery string) time.Duration {
	if id := forgedID(name, forgery); slices.Contains(done(), id) || refusedAct(id) {
		return 2 * time.Minute
	}
	return 5 * time.Second
}

// goneOrChanged begins a line of changes about what was there before.
const goneOrChanged = "gone or changed: "

// changes says what differs between two inventories.
func changes(before, after []string) []string {
	var found []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			found = append(found, goneOrChanged+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			found = append(found, "made by a forgery: "+line)
		}
	}
	return found
}

// The forgeries that name an act.
const (
	nobodysAct    = "an act of nobody"
	actThatIsOver = "an act that is over"
)

// refusedAct reports whether a run names an act to the one workflow that carries acts
// out. It must be refused by what the database says of the act, not cut before that.
func refusedAct(id string) bool {
	return strings.HasPrefix(id, ids.PruneByHand("")) ||
		slices.Contains([]string{forgedID(workflows.PruneByHandName, nobodysAct), forgedID(workflows.PruneByHandName, actThatIsOver)}, id)
}

// prunedByHand lets an operator prune, and gives the act, which is over.
func prunedByHand(ctx context.Context, t *testing.T, world *harness.World) string {
	t.Helper()
	act := askToPrune(t, world) //nolint:contextcheck // it takes that of the test
	run, err := world.Start(ctx, ids.PruneByHand(act), workflows.PruneByHandName, workflows.PruneByHandParams{Act: act})
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Get(ctx, nil); err != nil {
		t.Fatal(err)
	}
	return act
}

// underTheirNames starts each act as its own workflow would be: under any other name it
// is refused before anybody asks whether it is over.
func underTheirNames(ctx context.Context, t *testing.T, world *harness.World, acts ...string) (runs []client.WorkflowRun) {
	t.Helper()
	for _, act := range acts {
		run, err := world.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
			ID: ids.PruneByHand(act), TaskQueue: "core", WorkflowRunTimeout: 2 * time.Minute,
		}, workflows.PruneByHandName, map[string]any{"Act": act})
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// actEntries are the entries of the ledger about acts.
func actEntries(ctx context.Context, t *testing.T, world *harness.World) []string {
	t.Helper()
	entries, err := harness.Rows(ctx, world.StewardURL, `select kind || ' ' || body from ledger.entries where kind like 'act.%' order by serial`)
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// obey prunes the world as a PruneBackups would that took its time from its
// input: the activity itself, with the powers of the backup role, in 2099.
func obey(ctx context.Context, t *testing.T, world *harness.World) {
	t.Helper()
	steward, err := postgres.Open(ctx, world.StewardURL)
	if err != nil {
		t.Fatal(err)
	}
	defer steward.Close()
	service, err := gcs.Open(ctx, gcs.Options{Endpoint: world.Storage.URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}
	rule := removal.RuleOf(world.Rules)
	rule.KeepLastDrilled = true
	prunes := &activities.Prunes{
		Steward: steward, Remover: removal.Remover{Steward: steward, Bucket: service.Bucket(backups)}, Enforce: true,
		Rule:  rule,
		Clock: clocks.Fixed(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)),
	}
	var suite testsuite.WorkflowTestSuite
	activity := suite.NewTestActivityEnvironment()
	activity.RegisterActivity(prunes.PruneBackups)
	if _, err := activity.ExecuteActivity(prunes.PruneBackups); err != nil {
		t.Fatal("the bucket of this test refuses a deletion: ", err)
	}
	copied := copies.Pruner{
		Steward: steward, Storage: service, First: service.Bucket(backups), Places: map[string]string{harness.CopiesBucket: "far"},
		Rule: rule, Enforce: true,
	}
	if _, err := copied.Prune(ctx, prunes.Clock.Now(), func(int) {}); err != nil {
		t.Fatal("the bucket of this test refuses a deletion: ", err)
	}
	remover := fileremoval.Remover{
		Steward: steward, Bucket: service.Bucket(filesBucket), Enforce: true, Rule: fileprune.Rule{Keep: world.Rules.Promises.Backups.Keep, Zone: world.Rules.Company.Zone},
	}
	if _, err := remover.Prune(ctx, prunes.Clock.Now()); err != nil {
		t.Fatal("the bucket of this test refuses a deletion: ", err)
	}
	if _, err := ownrecords.Expire(ctx, steward, prunes.Clock.Now(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
}

// registered reads the workflows' names out of the worker's own registration, so
// that a new workflow cannot be forgotten here.
func registered(t *testing.T) []string {
	t.Helper()
	names := workflowtest.Names(t, filepath.Join(harness.Root(), "workflows"))
	for _, known := range []string{"DailyBackup", "PruneBackups", "DailyFiles", "PruneFiles", "CopyBackups", "SendMail", "DeliverWebhooks", "ExpireOwnRecords"} {
		if !slices.Contains(names, known) {
			t.Fatalf("%s is not among the workflows found: %v", known, names)
		}
	}
	return names
}

// inventory lists every backup with all that is known of it, and every object
// with its generation.
func inventory(ctx context.Context, t *testing.T, world *harness.World) []string {
	t.Helper()
	lines, err := harness.Rows(ctx, world.StewardURL, `select 'backup ' || to_jsonb(b)::text from backups as b
		union all select 'object ' || to_jsonb(o)::text from backup_objects as o
		union all select 'copy ' || to_jsonb(c)::text from backup_copies as c
		union all select 'copied object ' || to_jsonb(o)::text from backup_copy_objects as o
		union all select 'files ' || to_jsonb(b)::text from file_backups as b
		union all select 'object ' || to_jsonb(o)::text from file_objects as o
		union all select 'content ' || to_jsonb(c)::text from file_contents as c
		union all select 'mail ' || to_jsonb(m)::text from mail as m where not `+alarm+`
		union all select 'delivery ' || to_jsonb(d)::text from webhook_deliveries as d join webhook_events as e on e.id = d.event where not `+alarm+`
		union all select 'event ' || to_jsonb(e)::text from webhook_events as e where not `+alarm+`
		union all select 'key ' || to_jsonb(k)::text from case_keys as k where not exists (select from mail where id = k.case_id and `+alarm+`)
		order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{backups, filesBucket, harness.CopiesBucket} {
		lines = append(lines, listing(ctx, t, world, bucket)...)
	}
	return append(lines, toldPeople(ctx, t, world)...)
}

// alarm picks what an audit decided on: it tells the truth, whoever has started it.
const alarm = `cause like 'alert/%'`

// toldPeople lists every mail that the server has and every call of the app, without alarms.
func toldPeople(ctx context.Context, t *testing.T, world *harness.World) (lines []string) {
	t.Helper()
	alarms, err := harness.Rows(ctx, world.StewardURL, `select message_id from mail where `+alarm+` union select id from webhook_events where `+alarm)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, mail := range world.Mails.Received() {
		count["sent "+mail.MessageID]++
	}
	for _, call := range world.Hooks.Calls() {
		count["told "+call.ID()]++
	}
	for what, n := range count {
		if _, id, _ := strings.Cut(what, " "); !slices.Contains(alarms, id) {
			lines = append(lines, fmt.Sprint(what, " ", n))
		}
	}
	return lines
}

// messagesToCome leaves a mail and an event that were sent, and one of each whose time
// comes in a week.
func messagesToCome(ctx context.Context, t *testing.T, world *harness.World) {
	t.Helper()
	if _, err := world.AddEndpoint(ctx, "/hooks"); err != nil {
		t.Fatal(err)
	}
	if _, problems := messaged(ctx, world, harness.Plan{}); len(problems) > 0 {
		t.Fatal(problems)
	}
	mail, queued := world.QueueMail(ctx, "to come", harness.Recipient, world.TestLetter())
	_, emitted := world.Emit(ctx, "to come")
	err := errors.Join(queued, emitted, harness.Exec(ctx, world.StewardURL, `update mail set next_at = now() + interval '7 days', give_up_at = now() + interval '9 days'
		where cause = 'to come'; update webhook_deliveries set next_at = now() + interval '7 days' where state = 'waiting'`))
	waiting, listed := harness.Rows(ctx, world.StewardURL, `select id from webhook_deliveries where state = 'waiting'`)
	if err = errors.Join(err, listed); err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	world.Options.Open = append(world.Options.Open, "mail "+mail, "delivery "+waiting[0])
}

// listing lists every object of a bucket with its generation.
func listing(ctx context.Context, t *testing.T, world *harness.World, bucket string) (lines []string) {
	t.Helper()
	found := world.Bucket.Bucket(bucket).Objects(ctx, &storage.Query{Versions: true})
	for {
		attrs, err := found.Next()
		if err == iterator.Done { //nolint:errorlint // documented to be this very value
			return lines
		}
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, "stored "+bucket+" "+attrs.Name+" "+time.Unix(0, attrs.Generation).String()+" "+attrs.Deleted.String())
	}
}
