package system_test

import (
	"context"
	"testing"

	"go.temporal.io/sdk/worker"

	"steward/activities"
	"steward/dev/harness"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/nightly"
	"steward/internal/erasure/plan"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/workflows"
)

// TestRecordResidueHistories records what ErasureResidue does: see TestRecordHistories. The step of the erase role is
// worked here.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordResidueHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Processes: []string{"core"}, Undrilled: true})
	r.world.Options.Unchecked = true // the erasure below has no workflow that would carry it out

	steward, err := postgres.Open(t.Context(), r.world.StewardURL)
	r.must(err)
	t.Cleanup(steward.Close)
	app, err := postgres.Open(t.Context(), r.world.AppURL)
	r.must(err)
	t.Cleanup(app.Close)

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	r.must(err)
	keeper := casekey.Keeper{Master: master}
	night := nightly.Night{
		Steward: steward, Keeper: keeper, Clock: clocks.System(), Places: []nightly.Place{{DB: app, Decided: datamap.Database{Name: "app"}}},
	}
	queue := worker.New(r.world.Temporal, workflows.ResidueQueue, worker.Options{})
	queue.RegisterActivity(&activities.Residues{Night: night})
	r.must(queue.Start())
	t.Cleanup(queue.Stop)

	r.looked("nobody_is_open")
	r.open(steward, keeper)
	r.looked("nothing_is_left")
	r.must(harness.Exec(t.Context(), r.world.AppURL, "create table public.stray (body text)"))
	r.must(harness.Exec(t.Context(), r.world.AppURL, "insert into public.stray values ('call ada@example.com')"))
	r.looked("something_is_left")
}

func (r recorder) looked(scene string) {
	r.Helper()
	r.ran(workflows.ErasureResidueName, scene, ids.Residue()+"/"+scene)
}

// open makes the erasure of a person that waits until it is gone everywhere.
func (r recorder) open(steward *postgres.DB, keeper casekey.Keeper) {
	r.Helper()
	r.must(steward.InTx(r.Context(), func(ctx context.Context, tx postgres.Tx) error {
		opened, _, err := erasure.Open(ctx, tx, keeper, erasure.Opening{
			Cause: ids.New("tsk"), Reason: erasure.AccountDelete, Kind: plan.Person, Mode: promise.Enforce, AskedBy: ids.New("app"),
			OpenedBy: ids.New("stf"), Identities: erasure.Identities{datamap.Email: {"ada@example.com"}}, At: r.world.Now(),
		})
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update erasures set stage = 'waiting', news = false, tombstone = 'led_aaaaaaaaaaaaaaaaaaaaaaaaaa', erased_at = opened_at, verified_at = opened_at
			where id = $1`,
			opened.ID)
		return err
	}))
}
