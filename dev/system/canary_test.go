package system_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"steward/dev/demoapp"
	"steward/dev/harness"
	"steward/dev/internal/hidden"
	"steward/internal/catalogue"
	"steward/internal/ids"
	"steward/workflows"
)

// The size of the demo app: enough for every canary.
const (
	canaryAccounts = 3
	canaryDisplays = 40
	canarySeed     = 7
)

// pastKeep is beyond the time for which the tracked policy keeps backups, and
// beyond the retention of its bucket.
const pastKeep = 7*day + time.Hour

func fillDemo(ctx context.Context, admin string) error {
	if err := demoapp.Install(ctx, admin); err != nil {
		return err
	}
	if err := demoapp.Fill(ctx, admin, demoapp.Size{Accounts: canaryAccounts, Displays: canaryDisplays, Seed: canarySeed}, nil); err != nil {
		return err
	}
	return harness.Exec(ctx, admin, `do $$ declare item oid; begin
		for item in select oid from pg_largeobject_metadata loop
			execute format('grant select on large object %s to steward_backup', item);
		end loop; end $$`)
}

// poisonedDriver makes statements of the worker fail with a text that holds a
// person's data, as a driver's error about a row does.
const poisonedDriver = `
create function poison() returns trigger language plpgsql as $$
begin
	raise exception 'duplicate key value, (email)=(canary.lead.44b7@mail.test)'
		using detail = 'Failing row contains (Leopold Canarylead 0c95, +1 202 555 0177).', errcode = 'unique_violation';
end $$;
create trigger poison before insert on backup_objects for each row execute function poison()`

// poisonedRestore makes pg_restore stumble over a row and print it.
const poisonedRestore = `
create function app.poison(text) returns boolean language plpgsql immutable as $$
begin
	if current_database() like 'drill%' then raise exception 'this row is poisoned: %', $1; end if;
	return true;
end $$;
alter table app.leads add constraint poison check (app.poison(full_name))`

// poisonedPrune makes the record of a removal fail with a person's data in its text.
const poisonedPrune = `
create function poison() returns trigger language plpgsql as $$
begin
	raise exception 'Failing row contains (Leopold Canarylead 0c95, canary.lead.44b7@mail.test).' using errcode = 'check_violation';
end $$;
create trigger poison before update on backups for each row when (new.state = 'pruned') execute function poison()`

// poisonedCatalogue makes every look into the catalogue fail in the same way: that
// of the audit, and those of the command.
//
//nolint:unqueryvet // the view shall have every column that the table has
const poisonedCatalogue = `
create function poison() returns boolean language plpgsql volatile as $$
begin
	raise exception 'invalid input syntax for type date: "Leopold Canarylead 0c95"' using errcode = 'data_exception';
end $$;
alter table backups rename to backups_kept;
create view backups as select * from backups_kept where poison();
grant select on backups to public`

const healedCatalogue = `drop view backups; drop function poison(); alter table backups_kept rename to backups`

// canaryWorld is a world of data full of canaries, with the command beside it.
type canaryWorld struct {
	*testing.T
	*harness.World

	command steward
	written map[string][]byte // what the command wrote, by its arguments
}

func (c *canaryWorld) exec(at, sql string) {
	c.Helper()
	if err := harness.Exec(c.Context(), at, sql); err != nil {
		c.Fatal(err)
	}
}

// says runs the command for people and for programs, and keeps what it wrote.
func (c *canaryWorld) says(want int, args ...string) {
	c.Helper()
	for _, form := range [][]string{args, append(slices.Clone(args), "--json")} {
		out, errs, exit := c.command.run(c.T, form...)
		if exit != want {
			c.Errorf("steward %s: exit code %d, wanted %d\n%s%s", strings.Join(form, " "), exit, want, out, errs)
		}
		c.written["command "+strings.Join(form, " ")+" "+strconv.Itoa(len(c.written))] = []byte(out + errs)
	}
}

// run starts a workflow and waits until it has failed or ended as wanted.
func (c *canaryWorld) run(id, name string, fails bool) {
	c.Helper()
	run, err := c.Start(c.Context(), id, name)
	if err != nil {
		c.Fatal(err)
	}
	if err := run.Get(c.Context(), nil); (err != nil) != fails {
		c.Errorf("%s: %v", name, err)
	}
}

// sinks are those of the world, and what the command wrote.
func (c *canaryWorld) sinks() map[string][]byte {
	c.Helper()
	sinks, err := c.Sinks(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	maps.Copy(sinks, c.written)
	return sinks
}

// TestNoCanaryLeavesTheData is rule 1 of the design: every workflow and command
// over data full of canaries, with failures whose texts hold them, leaves none of
// them anywhere.
func TestNoCanaryLeavesTheData(t *testing.T) {
	t.Parallel()
	canaries := slices.Concat(demoapp.Canaries(), fileCanaries())
	world := harness.New(t, harness.Options{Fill: fillDemo, Canaries: canaries, Unchecked: true, Copies: true})
	c := &canaryWorld{T: t, World: world, command: commandIn(t, world, buildSteward(t)), written: map[string][]byte{}}

	c.plantFiles()
	c.backups()
	c.files()
	c.prunes()
	c.filePrunes()
	c.copies()
	c.audits()
	c.reports()
	harness.CheckWorld(t, world)

	sinks, bytesIn := c.sinks(), 0
	for name, content := range sinks {
		bytesIn += len(content)
		if len(content) == 0 && (strings.HasPrefix(name, "metrics ") || strings.HasPrefix(name, "history ")) {
			t.Errorf("nothing was looked through in %s", name)
		}
	}
	hits := hidden.Search(sinks, canaries)
	if len(hits) > 0 {
		t.Error(hits)
	}
	c.planted(canaries[0])
	t.Logf("canaries=%d sinks=%d bytes=%d hits=%d", len(canaries), len(sinks), bytesIn, len(hits))
}

// backups are taken while the database, then pg_restore, fails with canaries.
func (c *canaryWorld) backups() {
	c.Helper()
	c.exec(c.StewardURL, poisonedDriver)
	run, err := c.Start(c.Context(), ids.BackupOf("app", c.Today()), workflows.DailyBackupName, workflows.DailyBackupParams{Database: "app"})
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "core,backup", 3)
	c.exec(c.StewardURL, `drop trigger poison on backup_objects; drop function poison()`)
	c.exec(c.AppURL, poisonedRestore)
	failed(c.T, c.World, "drill", 1)
	c.exec(c.AppURL, `alter table app.leads drop constraint poison; drop function app.poison(text)`)
	var result workflows.DailyBackupResult
	if err := run.Get(c.Context(), &result); err != nil {
		c.Log("the first run gave up, as it may: ", err)
		if result, err = c.Backup(c.Context(), "app"); err != nil {
			c.Fatal(err)
		}
	}
	if result.State != catalogue.Drilled {
		c.Fatalf("%+v", result)
	}
	if _, err := c.Backup(c.Context(), "steward"); err != nil {
		c.Fatal(err)
	}
	c.says(exitOK, "backup", "list")
	c.says(exitOK, "backup", "show", result.Backup)
	c.says(exitOK, "backup", "verify", result.Backup)
	c.says(exitOK, "ledger", "verify")
	c.says(exitOK, "ledger", "show")
	c.says(exitOK, "policy", "explain")
}

// copies go to another location by themselves and by the hourly run.
func (c *canaryWorld) copies() {
	c.Helper()
	if _, err := c.CopyMissing(c.Context()); err != nil {
		c.Fatal(err)
	}
}

// reports are asked for, and refused as long as nothing was set up; one that is made
// holds no canary either.
func (c *canaryWorld) reports() {
	c.Helper()
	const refused = 2
	dir, month := c.TempDir(), c.Now().Format("2006-01")
	c.says(refused, "backup", "evidence", "--month", month, "--out", dir)
	c.exec(c.StewardURL, `insert into installation (installed_at) values (now())`)
	c.says(exitOK, "backup", "evidence", "--month", month, "--out", dir)
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(pages) == 0 {
		c.Fatal("no report was written: ", err)
	}
	for _, page := range pages {
		if c.written["report "+filepath.Base(page)], err = os.ReadFile(page); err != nil {
			c.Fatal(err)
		}
	}
}

// prunes meet a catalogue that refuses the record with canaries, then one that
// takes it.
func (c *canaryWorld) prunes() {
	c.Helper()
	if err := c.Move(pastKeep); err != nil {
		c.Fatal(err)
	}
	for _, database := range []string{"app", "steward"} {
		if _, err := c.Backup(c.Context(), database); err != nil {
			c.Fatal(err)
		}
	}
	c.exec(c.StewardURL, poisonedPrune)
	before := failures(c.T, c.World, "core,backup")
	run, err := c.Start(c.Context(), ids.Prune()+"/poisoned", workflows.PruneBackupsName)
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "core,backup", before+2)
	c.exec(c.StewardURL, `drop trigger poison on backups; drop function poison()`)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the first prune gave up, as it may: ", err)
	}
	c.run(ids.Prune()+"/healed", workflows.PruneBackupsName, false)
	c.byHand()
}

// byHand prunes as an operator who agreed to a plan, in the same weather; the hourly
// prune that follows finds the copies.
func (c *canaryWorld) byHand() {
	c.Helper()
	if err := c.Move(pastKeep); err != nil {
		c.Fatal(err)
	}
	for _, database := range []string{"app", "steward"} {
		if _, err := c.Backup(c.Context(), database); err != nil {
			c.Fatal(err)
		}
	}
	c.exec(c.StewardURL, poisonedPrune)
	before, act := failures(c.T, c.World, "core,backup"), askToPrune(c.T, c.World)
	run, err := c.Start(c.Context(), ids.PruneByHand(act), workflows.PruneByHandName, workflows.PruneByHandParams{Act: act})
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "core,backup", before+2)
	c.exec(c.StewardURL, `drop trigger poison on backups; drop function poison()`)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the prune by hand gave up, as it may: ", err)
	}
	c.run(ids.Prune()+"/after", workflows.PruneBackupsName, false)
	c.says(exitOK, "backup", "prune")
}

// audits and commands meet a catalogue that fails with canaries, then one that
// answers.
func (c *canaryWorld) audits() {
	c.Helper()
	c.exec(c.StewardURL, poisonedCatalogue)
	run, err := c.Start(c.Context(), "audit/poisoned", workflows.PromiseAuditName)
	if err != nil {
		c.Fatal(err)
	}
	failed(c.T, c.World, "core,backup", failures(c.T, c.World, "core,backup")+2)
	c.says(exitFailed, "backup", "list")
	c.says(exitFailed, "promises")
	c.says(exitBroken, "doctor") // there are no schedules
	c.exec(c.StewardURL, healedCatalogue)
	if err := run.Get(c.Context(), nil); err != nil {
		c.Log("the first audit gave up, as it may: ", err)
	}
	c.run("audit/healed", workflows.PromiseAuditName, false)
	c.says(exitBroken, "promises") // no backup was made on the days that were skipped
}

// planted lets a canary into one sink of each kind, at its source, and fails
// unless the same search finds it there.
func (c *canaryWorld) planted(canary string) {
	c.Helper()
	ctx := c.Context()
	v := &vandal{T: c.T, world: c.World}
	v.write(backups, "planted", canary)
	v.write(mirror, canary, "in the name")
	v.write(filesBucket, "uploads/contents/"+canary, "in the name")
	v.sql("update backups set reason = '"+strings.ReplaceAll(canary, "'", "''")+"'", "")
	if _, err := c.Start(ctx, "audit/planted", workflows.PromiseAuditName, canary); err != nil {
		c.Fatal(err)
	}
	if _, err := c.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "planted", TaskQueue: workflows.CoreQueue}, canary); err != nil {
		c.Fatal(err)
	}
	out, errs, _ := c.command.run(c.T, "backup", "show", canary)
	c.written["command planted"] = []byte(out + errs)

	wanted := []string{
		"object " + backups, "object " + mirror, "object " + filesBucket, "table ", "history audit/planted", "history planted", "requests to the bucket", "log of ",
	}
	eventually(c.T, "hits of what was planted", func() bool {
		hits := strings.Join(hidden.Search(c.sinks(), []string{canary}), "\n")
		wanted = slices.DeleteFunc(wanted, func(sink string) bool { return strings.Contains(hits, " stands in "+sink) })
		return len(wanted) == 0
	})
}

// failed waits until a worker has logged that many failed activities.
func failed(t *testing.T, world *harness.World, roles string, times int) {
	t.Helper()
	eventually(t, "failed activities of "+roles, func() bool { return failures(t, world, roles) >= times })
}

// failures counts the failed activities in a worker's log.
func failures(t *testing.T, world *harness.World, roles string) int {
	t.Helper()
	log, err := world.Workers[roles].Log()
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(log, []byte(`"activity failed"`))
}
