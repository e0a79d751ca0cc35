package system_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/faults"
)

// schemaChange is what a release of the app does to its schema while an erasure is under way.
type schemaChange struct {
	name, change, undo string
	// says is what whoever looks at the case is told of it.
	says string
}

func schemaChanges() []schemaChange {
	const visitsKey = "visits_account_member_fkey"
	return []schemaChange{
		{"a new table", "create table club.fresh (id bigint)", "drop table club.fresh", "club.fresh"},
		{"a new column", "alter table club.members add phone text", "alter table club.members drop phone", "phone"},
		{
			"a dropped foreign key", "alter table club.visits drop constraint " + visitsKey,
			"alter table club.visits add constraint " + visitsKey + " foreign key (account, member) references club.members", "club.visits",
		},
		{"a renamed column", "alter table club.visits rename page to address", "alter table club.visits rename address to page", "address"},
	}
}

// TestTheSchemaChangesMeanwhile changes the schema of the app after the plan was approved of, and after the tombstone, before the
// first row goes. The case stops, says at what, has touched nothing of the account until then, and goes on when the schema is as the
// map has it.
func TestTheSchemaChangesMeanwhile(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	began := time.Now()
	for n, each := range schemaChanges() {
		for m, step := range []string{"CloseSubject", "ExecuteErasure"} {
			if !harness.Soak() && uint64(2*n+m)%4 != harness.TestSeed().Number%4 {
				continue // two of the eight, others with another seed
			}
			each.in(t, world, step)
		}
	}
	t.Logf("in %s", time.Since(began).Round(time.Millisecond))
}

// in lets it come before the first outside call of a step.
func (c schemaChange) in(t *testing.T, world *harness.World, step string) {
	t.Helper()
	account := added(t, world)
	id := asked(t, world, account)
	before, _, _ := strings.Cut(rowsOf(t, world, account), " ")
	came := make(chan error, 1)
	world.Gate.Arm(harness.Plan{
		N: 1, Mode: faults.Hang, Counts: func(call harness.Call) bool { return call.Part.Operation == step },
		Then: func() { came <- harness.Exec(t.Context(), world.AppURL, c.change) },
	})
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := <-came; err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	world.Gate.Disarm()
	await(t, world, id, "blocked")
	if said := toldOf(t, world, id); !strings.Contains(said, c.says) {
		t.Errorf("%s in %s: it says %s", c.name, step, said)
	}
	if after, _, _ := strings.Cut(rowsOf(t, world, account), " "); after != before {
		t.Errorf("%s in %s: of %s rows %s are left", c.name, step, before, after)
	}
	if err := harness.Exec(t.Context(), world.AppURL, c.undo); err != nil {
		t.Fatal(err)
	}
	if err := world.Ask(t.Context(), world.Callers.Operator, http.MethodPost, "/v1/erasures/"+id+"/retry", nil, nil); err != nil {
		t.Fatal(err)
	}
	back := "waiting"
	if step == "CloseSubject" {
		back = "awaiting_approval" // it is planned anew
	}
	eventually(t, "the case goes on", func() bool {
		stage, err := world.Stage(t.Context(), id)
		return err == nil && stage == back
	})
	if back == "awaiting_approval" {
		if err := world.Approve(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, world, id)
}

// toldOf is at what a case has stopped, as whoever looks at it is told.
func toldOf(t *testing.T, world *harness.World, id string) string {
	t.Helper()
	var told struct{ Refusal string }
	if err := world.Ask(t.Context(), world.Callers.Operator, http.MethodGet, "/v1/erasures/"+id, nil, &told); err != nil {
		t.Fatal(err)
	}
	return told.Refusal
}

// rowsOf are the rows of an account, as a hash.
func rowsOf(t *testing.T, world *harness.World, account harness.Account) string {
	t.Helper()
	found, err := world.RowsOf(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
