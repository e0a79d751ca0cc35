package system_test

import (
	"strings"
	"testing"
	"time"

	"steward/activities"
	"steward/dev/harness"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/operator"
	"steward/internal/postgres"
	"steward/internal/removal"
	"steward/workflows"
)

// TestBackupsStop lets backups stop for longer than they are kept. An operator
// prunes by hand: the newest drilled backup stays under a hold, recorded. When
// backups go on, the hourly prune lets it go, with its receipt.
func TestBackupsStop(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{})
	ctx := t.Context()
	old, err := world.Backup(ctx, "app")
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Move(7*day + time.Hour); err != nil {
		t.Fatal(err)
	}
	act := askToPrune(t, world)
	run, err := world.Start(ctx, ids.PruneByHand(act), workflows.PruneByHandName, workflows.PruneByHandParams{Act: act})
	if err != nil {
		t.Fatal(err)
	}
	var result activities.PruneResult
	if err := run.Get(ctx, &result); err != nil || result.Exceptions != 1 || result.Removed != 0 {
		t.Fatalf("%+v, %v", result, err)
	}
	if _, err := world.Backup(ctx, "app"); err != nil {
		t.Fatal(err)
	}
	// A try that was cut on a crowded machine has removed it already: what was removed, and once, the ledger says below.
	if result, err = world.Prune(ctx); err != nil || result.Exceptions != 0 || result.Kept != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	kinds, err := harness.Rows(ctx, world.StewardURL, `select kind from ledger.entries where kind like 'act.%' or kind like 'backup.%'
		and body like '%`+old.Backup+`%' order by serial`)
	if err != nil {
		t.Fatal(err)
	}
	const want = "backup.stored backup.drilled act.intended backup.excepted act.done backup.exception.ended backup.pruned"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("the ledger tells %s", got)
	}
}

// askToPrune records what the command records: the plan of now, agreed to.
func askToPrune(t *testing.T, world *harness.World) string {
	t.Helper()
	ctx := t.Context()
	steward, err := postgres.Open(ctx, world.StewardURL)
	if err != nil {
		t.Fatal(err)
	}
	defer steward.Close()
	service, err := gcs.Open(ctx, gcs.Options{Endpoint: world.Storage.URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer service.Close()
	plan, err := removal.Look(ctx, steward, service.Bucket(backups), removal.RuleOf(world.Rules), world.Now())
	if err != nil {
		t.Fatal(err)
	}
	act, err := operator.Ask(ctx, steward, operator.PruneBackups, plan.Hash(), world.Now())
	if err != nil {
		t.Fatal(err)
	}
	return act
}
