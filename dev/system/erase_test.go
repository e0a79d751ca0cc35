package system_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"steward/dev/harness"
)

// erasing are the options of a world that erases and backs up nothing.
func erasing() harness.Options {
	return harness.Options{Processes: []string{"core"}, Erase: true, Undrilled: true}
}

// added is an account that the app has made.
func added(t *testing.T, world *harness.World) harness.Account {
	t.Helper()
	account, err := world.AddAccount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return account
}

// asked is a case that waits for its approval.
func asked(t *testing.T, world *harness.World, account harness.Account) (id string) {
	t.Helper()
	id, err := world.OpenErasure(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	await(t, world, id, "awaiting_approval")
	return id
}

// opened is a case that was approved and has come to a stage.
func opened(t *testing.T, world *harness.World, account harness.Account, stage string) (id string) {
	t.Helper()
	id = asked(t, world, account)
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	await(t, world, id, stage)
	return id
}

// await waits until a case is at one of these stages.
func await(t *testing.T, world *harness.World, id string, stages ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
	defer cancel()
	if _, err := world.Await(ctx, id, stages...); err != nil {
		t.Fatal(err)
	}
}

// cancel asks for a case to be stopped, as support.
func cancel(t *testing.T, world *harness.World, id string) {
	t.Helper()
	if err := world.Ask(t.Context(), world.Callers.Support, http.MethodPost, "/v1/erasures/"+id+"/cancellation", nil, nil); err != nil {
		t.Fatal(err)
	}
}

// TestErasure takes an account through the whole sentence, as people ask for it: support opens the case, a lead agrees
// to the hash of its plan, and the day comes by which it is gone everywhere. What is there then, CheckWorld says.
func TestErasure(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	account := added(t, world)
	began := time.Now()
	id, err := world.Erase(t.Context(), account.ID)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("erased in %s by %d outside calls", time.Since(began).Round(time.Millisecond), len(world.Gate.Calls()))
	if stage, err := world.Stage(t.Context(), id); err != nil || stage != "done" {
		t.Errorf("%s, %v", stage, err)
	}
}

// TestErasureOfAPerson erases one person from one account, by an address in other letters: the same address under another
// account is another subject, whose rows stay, and so does everybody else in the account.
func TestErasureOfAPerson(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	account, another := added(t, world), added(t, world)
	address := "member.6.Canaryclub." + account.ID + "@mail.test"
	if err := harness.Exec(t.Context(), world.AppURL, `insert into club.members values (`+another.ID+`, 7, '`+address+`', 'Canaryclub Twin', null);
		insert into club.visits (account, member, month, page) values (`+another.ID+`, 7, '2020-10-03', '/canary')`); err != nil {
		t.Fatal(err)
	}
	if err := world.Written(t.Context(), another.ID); err != nil {
		t.Fatal(err)
	}
	var made struct{ ID string }
	err := world.Ask(t.Context(), world.Callers.Support, http.MethodPost, "/v1/erasures", map[string]any{
		"account": account.ID, "person": map[string]any{"email": []string{strings.ToUpper(address)}},
	}, &made)
	if err != nil {
		t.Fatal(err)
	}
	if err := world.Carry(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	left, err := harness.Rows(t.Context(), world.AppURL, `select 'member ' || id from club.members where account = $1::text::bigint
		union all select 'visits of ' || member || ': ' || count(*) from club.visits where account = $1::text::bigint group by member order by 1`, account.ID)
	want := []string{"member 1", "member 2", "member 3", "member 4", "member 5", "visits of 1: 8", "visits of 2: 8", "visits of 3: 8", "visits of 4: 8", "visits of 5: 8"}
	if err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := world.Written(t.Context(), account.ID); err != nil {
		t.Fatal(err)
	}
}
