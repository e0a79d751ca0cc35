package account_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// TestClosing walks the protocol: what each step answers in each state.
func TestClosing(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	one, other := ids.New("era"), ids.New("era")

	is := func(what string, err error, want failure.Code, state account.State) {
		t.Helper()

		if failure.CodeOf(err) != want || get(t, db, "9").State != state {
			t.Errorf("%s: %v, %s", what, err, get(t, db, "9").State)
		}
	}
	begin := func(by string, signs int64) error {
		return account.BeginClosing(t.Context(), db, "9", by, signs, now)
	}
	reopen := func(by string) error { return account.Reopen(t.Context(), db, "9", by) }
	shut := func(by string) error { return account.Close(t.Context(), db, "9", by, now) }

	if err := begin(one, 0); !failure.Is(err, failure.AccountUnknown) {
		t.Error(err)
	}

	if err := reopen(one); !failure.Is(err, failure.AccountUnknown) {
		t.Error(err)
	}

	record(t, db, "9", now.Add(-3*time.Hour))

	is("closed without closing", shut(one), failure.AccountChanged, account.Alive)
	is("on stale signs", begin(one, 0), failure.AccountChanged, account.Alive)
	is("begun", begin(one, 1), "", account.Closing)
	is("begun again", begin(one, 1), "", account.Closing)
	is("by another", begin(other, 1), failure.AccountChanged, account.Closing)
	is("taken back by another", reopen(other), failure.AccountChanged, account.Closing)
	is("closed by another", shut(other), failure.AccountChanged, account.Closing)
	is("taken back", reopen(one), "", account.Alive)
	is("taken back again", reopen(one), "", account.Alive)
	is("begun anew", begin(other, 1), "", account.Closing)

	// A repeat and a late sign are no news.
	record(t, db, "9", now.Add(-3*time.Hour))
	record(t, db, "9", now.Add(-4*time.Hour))
	is("a repeat", nil, "", account.Closing)

	record(t, db, "9", now.Add(-2*time.Hour))
	is("news", nil, "", account.Alive)
	is("too late", shut(other), failure.AccountChanged, account.Alive)
	// The answer of the first begin was lost, and it is tried again: the news stay.
	is("begun again after news", begin(other, 1), failure.AccountChanged, account.Alive)

	is("begun", begin(one, 2), "", account.Closing)
	must(t, account.Apply(t.Context(), db, account.Event{Account: "9", Kind: account.Cancelled, At: now}, now))
	is("a cancellation keeps nobody alive", nil, "", account.Closing)
	must(t, account.Apply(t.Context(), db, account.Event{Account: "9", Kind: account.Payment, At: now}, now))
	is("a payment does", nil, "", account.Alive)

	is("begun", begin(one, 4), "", account.Closing)
	is("closed", shut(one), "", account.Closed)
	is("closed again", shut(one), "", account.Closed)
	is("begun when closed", begin(one, 4), failure.AccountGone, account.Closed)
	is("taken back when closed", reopen(one), failure.AccountGone, account.Closed)
	is("an event", account.Apply(t.Context(), db, account.Event{Account: "9", Kind: account.Payment, At: now}, now), failure.AccountGone, account.Closed)

	_, _, err := account.Register(t.Context(), db, "9", time.Time{}, now)
	is("registered", err, failure.AccountGone, account.Closed)

	_, _, err = account.Register(t.Context(), db, "9", now.AddDate(-1, 0, 0), now)
	is("registered with a time", err, failure.AccountGone, account.Closed)

	if !record(t, db, "9", now) {
		t.Error("a sign of a closed account was not answered as gone")
	}
}

// TestNewsAgainstClosing lets a sign and a whole closing meet at any interleaving:
// either the sign came first and the account is alive with it, or it is closed and
// the sign was answered as gone. Never is a sign taken and the account closed.
func TestNewsAgainstClosing(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	run := int64(0)
	ended := map[account.State]int{}

	rapid.Check(t, func(r *rapid.T) {
		run++
		id, caseID := strconv.FormatInt(run, 10), ids.New("era")
		record(t, db, id, now.Add(-time.Hour))

		var (
			together sync.WaitGroup
			gone     map[string]bool
			failed   error
			closing  error
		)

		together.Go(func() {
			gone, failed = account.Record(t.Context(), db, map[string]time.Time{id: now}, now)
		})
		together.Go(func() {
			if closing = account.BeginClosing(t.Context(), db, id, caseID, 1, now); closing == nil {
				closing = account.Close(t.Context(), db, id, caseID, now)
			}
		})
		together.Wait()

		found := get(t, db, id)
		taken := failed == nil && !gone[id]
		ended[found.State]++

		if failed != nil || taken == (found.State == account.Closed) || taken != found.LastInteractionAt.Equal(now) || (closing == nil) != (found.State == account.Closed) {
			r.Errorf("%+v: gone %v, %v, closing %v", found, gone, failed, closing)
		}
	})

	t.Log("ended:", ended)
}

// errAllowed rolls a statement back that went through.
var errAllowed = errors.New("allowed")

// TestTheApisRoleClosesNothing says what the login of the API may do to accounts.
func TestTheApisRoleClosesNothing(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	record(t, db, "70", now)

	for _, c := range []struct {
		role, sql string
		allowed   bool
	}{
		{"steward_api", `update accounts set state = 'closing', closing_case = 'era_aaaaaaaaaaaaaaaaaaaaaaaaaa', closing_at = now()`, false},
		{"steward_api", `update accounts set closed_at = now()`, false},
		{"steward_api", `insert into accounts (id, registered_at, state) values ('77', now(), 'closed')`, false},
		{"steward_api", `delete from accounts`, false},
		{"steward_api", `update account_keys set account = account`, false},
		{"steward_api", `delete from account_keys`, false},
		{"steward_api", `insert into accounts (id, registered_at) values ('78', now())`, true},
		{"steward_api", `update accounts set last_interaction_at = now()`, true},
		{"steward_core", `update accounts set last_interaction_at = now()`, false},
		{"steward_core", `select 1 from account_keys`, false},
		{"steward_core", `update accounts set state = 'closing', closing_case = 'era_aaaaaaaaaaaaaaaaaaaaaaaaaa', closing_at = now()`, true},
		{"steward_core", `update accounts set state = 'closed', closed_at = now(), closing_at = now(), closing_case = 'era_aaaaaaaaaaaaaaaaaaaaaaaaaa'`, false},
		{"steward_backup", `select 1 from accounts, account_keys`, true},
		{"steward_backup", `update accounts set created_at = now()`, false},
		{"steward_drill", `select 1 from accounts`, false},
	} {
		err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, "set local role "+c.role); err != nil {
				return err
			}

			if _, err := tx.Exec(ctx, c.sql); err != nil {
				return err
			}

			return errAllowed
		})
		if errors.Is(err, errAllowed) != c.allowed || !c.allowed && !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %s: %v", c.role, c.sql, err)
		}
	}

	// The whole way of the API works under its role.
	must(t, db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "set local role steward_api"); err != nil {
			return err
		}

		if _, _, err := account.Register(ctx, tx, "79", now, now); err != nil {
			return err
		}

		return account.Apply(ctx, tx, account.Event{Account: "79", Kind: account.Payment, At: now, PaidUntil: now.AddDate(1, 0, 0)}, now)
	}))
}

// TestEveryFailingCall fails each statement of each operation, before and after its
// effect: done again, it ends as if nothing had been.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	caseID, number := ids.New("era"), 0

	for name, do := range map[string]func(ctx context.Context, id string) error{
		"ensure": func(ctx context.Context, id string) error {
			key, err := account.ParseKey("key " + id)
			must(t, err)

			_, err = account.NewResolver(db, lookup()).Ensure(ctx, []account.Key{key}, now)

			return err
		},
		"register": func(ctx context.Context, id string) error {
			_, _, err := account.Register(ctx, db, id, now.Add(-time.Hour), now)

			return err
		},
		"register again": func(ctx context.Context, _ string) error {
			_, _, err := account.Register(ctx, db, "3", now.Add(-time.Hour), now)

			return err
		},
		"record": func(ctx context.Context, id string) error {
			_, err := account.Record(ctx, db, map[string]time.Time{id: now, "1": now, "2": now}, now)

			return err
		},
		"apply": func(ctx context.Context, id string) error {
			return account.Apply(ctx, db, account.Event{Account: id, Kind: account.Payment, At: now}, now)
		},
		"close": func(ctx context.Context, id string) error {
			if _, _, err := account.Register(faults.Without(ctx), db, id, time.Time{}, now); err != nil {
				return err
			}

			if err := account.BeginClosing(ctx, db, id, caseID, 0, now); err != nil && !failure.Is(err, failure.AccountGone) {
				return err
			}

			return account.Close(ctx, db, id, caseID, now)
		},
		"reopen": func(ctx context.Context, id string) error {
			if _, _, err := account.Register(faults.Without(ctx), db, id, time.Time{}, now); err != nil {
				return err
			}

			return account.Reopen(ctx, db, id, caseID)
		},
	} {
		for n := 1; ; n++ {
			calls := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}
			number++

			id := strconv.Itoa(1000 + number)

			err := do(faults.With(t.Context(), calls), id)
			if !calls.Reached() {
				must(t, err)

				break
			}

			// What fails after its effect is told as a failure, or its effect as a success.
			if err == nil {
				t.Errorf("%s: call %d failed, and nobody heard of it", name, n)
			}

			if err := do(t.Context(), id); err != nil && !failure.Is(err, failure.AccountGone) {
				t.Errorf("%s: again after call %d: %v", name, n, err)
			}
		}
	}

	for n := 1; n <= 2; n++ {
		if _, err := account.Get(failing(t, n, faults.Before), db, "1"); n == 1 && !failure.Is(err, failure.Unavailable) {
			t.Error(err)
		}
	}
}
