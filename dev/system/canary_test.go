package system_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"steward/dev/demoapp"
	"steward/dev/harness"
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

// TestNoCanaryLeavesTheData is rule 1 of the design: a backup of data full of
// canaries, with failures whose texts hold them, leaves none of them anywhere.
func TestNoCanaryLeavesTheData(t *testing.T) {
	t.Parallel()
	canaries := demoapp.Canaries()
	world := harness.New(t, harness.Options{Fill: fillDemo, Canaries: canaries})
	ctx := t.Context()
	exec := func(at, sql string) {
		t.Helper()
		if err := harness.Exec(ctx, at, sql); err != nil {
			t.Fatal(err)
		}
	}

	exec(world.StewardURL, poisonedDriver)
	run, err := world.Start(ctx, ids.BackupOf("app", world.Today()), workflows.DailyBackupName, workflows.DailyBackupParams{Database: "app"})
	if err != nil {
		t.Fatal(err)
	}
	failed(t, world, "core,backup", 3)
	exec(world.StewardURL, `drop trigger poison on backup_objects; drop function poison()`)
	exec(world.AppURL, poisonedRestore)
	failed(t, world, "drill", 1)
	exec(world.AppURL, `alter table app.leads drop constraint poison; drop function app.poison(text)`)
	var result workflows.DailyBackupResult
	if err := run.Get(ctx, &result); err != nil {
		t.Log("the first run gave up, as it may: ", err)
		if result, err = world.Backup(ctx, "app"); err != nil {
			t.Fatal(err)
		}
	}
	if result.State != catalogue.Drilled {
		t.Fatalf("%+v", result)
	}
	if _, err := world.Backup(ctx, "steward"); err != nil {
		t.Fatal(err)
	}

	executions, err := world.Executions(ctx)
	for ; err == nil && len(executions) < 2; executions, err = world.Executions(ctx) {
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
	}
	sinks, err := world.Sinks(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bytesIn := 0
	for _, content := range sinks {
		bytesIn += len(content)
	}
	if hits := harness.Search(sinks, canaries); len(hits) > 0 {
		t.Error(hits)
	}
	if len(world.Metrics(ctx, "core,backup")) == 0 {
		t.Log("the worker serves no metrics: none were looked through")
	}
	// The same search finds a canary that was let in at any of these places.
	for name := range sinks {
		planted := map[string][]byte{name: append(bytes.Clone(sinks[name]), canaries[0]...)}
		if len(harness.Search(planted, canaries)) == 0 {
			t.Errorf("a canary in %s is not found", name)
		}
	}
	t.Logf("canaries=%d sinks=%d bytes=%d hits=0", len(canaries), len(sinks), bytesIn)
}

// failed waits until a worker has logged that many failed activities.
func failed(t *testing.T, world *harness.World, roles string, times int) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		log, err := world.Workers[roles].Log()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(log, []byte(`"activity failed"`)) >= times {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("worker %s did not fail: %s", roles, log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
