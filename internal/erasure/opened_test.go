package erasure_test

import (
	"context"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// tried opens a case of what was asked for.
func (b *bench) tried(t *testing.T, asked erasure.Opening) (opened erasure.Case, fresh bool, err error) {
	t.Helper()

	err = b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		opened, fresh, err = erasure.Open(ctx, tx, b.keeper, asked)

		return err
	})

	return opened, fresh, err
}

// An erasure in an account that nobody registered would find nothing, and look done.
func TestAnErasureInAnAccountThatIsNot(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	ada := erasure.Identities{datamap.Email: {"ada@example.com"}}

	for kind, identities := range map[plan.Subject]erasure.Identities{plan.Account: nil, plan.Person: ada} {
		asked := b.opening(t)
		asked.Kind, asked.Account, asked.Identities, asked.Matches = kind, "471100", identities, identities.Matches([]byte("a key of tests"))

		if _, _, err := b.tried(t, asked); !failure.Is(err, failure.AccountUnknown) {
			t.Errorf("%s: %v", kind, err)
		}

		if asked.Account = subject; kind == plan.Person {
			if _, fresh, err := b.tried(t, asked); err != nil || !fresh {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}

	// Who asks for themselves, or in no customer's data, is looked for where the company is responsible.
	asked := b.opening(t)
	asked.Kind, asked.Account, asked.Identities = plan.Person, "", ada

	if _, fresh, err := b.tried(t, asked); err != nil || !fresh {
		t.Error(err)
	}
}

// A plan that nobody looks at any more keeps nobody from the erasure, and there are not two of either.
func TestAPlanOnlyBarsNoErasure(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	dry := b.opening(t)
	dry.Mode = promise.Observe

	opened, _, err := b.tried(t, dry)
	must(t, err)

	_, err = b.judge.Park(t.Context(), opened.ID, failure.MapUnfit)
	must(t, err)
	b.until(t, b.open(t).ID, erasure.AwaitingApproval)

	for _, mode := range []promise.Mode{promise.Observe, promise.Enforce} {
		again := b.opening(t)
		again.Mode = mode

		if _, _, err := b.tried(t, again); !failure.Is(err, failure.ErasureOpen) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

// Whether somebody must approve follows from the reason: neither the API's login nor a row that says otherwise is believed.
func TestNobodySaysThatNoApprovalIsNeeded(t *testing.T) {
	t.Parallel()

	if !erasure.Reason("unheard.of").NeedsApproval() || !erasure.ByStaff.NeedsApproval() || !erasure.AccountDelete.NeedsApproval() {
		t.Error("something goes without an approval")
	}

	b := newBench(t)

	const insert = `insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at)
		values ('era_' || repeat('a', 26), 'tsk_' || repeat('a', 26), 'account.delete', false, 'account', '7', 'enforce', 'en', 'x', 'x', now(), now())`
	if _, err := b.api.Exec(t.Context(), insert); err == nil {
		t.Error("the API opened one that needs none")
	}

	id := b.open(t).ID

	must(t, b.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, `alter table erasures drop constraint erasures_approval; set local session_replication_role = replica`); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, `update erasures set approval = false`)

		return err
	}))

	b.until(t, id, erasure.AwaitingApproval)

	if seen := b.next(t, id); seen.Stage != erasure.AwaitingApproval {
		t.Errorf("%+v", seen)
	}
}

// A policy that is set to observe stops each case before its tombstone, with a reason that says so and the app open; set
// back, the case goes on by itself with a plan of its own. After the tombstone nothing stops.
func TestAPolicyThatOnlyObserves(t *testing.T) {
	t.Parallel()

	for _, at := range []erasure.Stage{erasure.Requested, erasure.AwaitingApproval, erasure.Closing} {
		b := newBench(t)

		var id string

		if at == erasure.Closing {
			id = b.closing(t)
		} else if id = b.open(t).ID; at != erasure.Requested {
			b.until(t, id, at)
			must(t, b.approve(t, id, b.lead))
		}

		b.judge.Mode = promise.Observe

		if seen := b.until(t, id, erasure.Held); seen.Code != failure.PolicyObserves {
			t.Errorf("%s: %+v", at, seen)
		}

		b.untouched(t)

		if seen := b.next(t, id); seen.Stage != erasure.Held {
			t.Errorf("%s: %+v", at, seen)
		}

		b.judge.Mode = promise.Enforce
		b.until(t, id, erasure.AwaitingApproval)
		must(t, b.approve(t, id, b.second))
		b.until(t, id, erasure.Tombstoned)

		b.judge.Mode = promise.Observe
		b.until(t, id, erasure.Waiting)
	}
}
