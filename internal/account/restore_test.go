package account_test

import (
	"strconv"
	"testing"

	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
)

// TestARestoreTakesIDsBack restores the database to before an id was given, under a
// process that remembers it: no account comes to be under an id that no key leads to.
func TestARestoreTakesIDsBack(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	resolver := account.NewResolver(db, lookup())
	committer := account.NewCommitter(t.Context(), db, clocks.Fixed(now), 0)
	t.Cleanup(committer.Close)

	intake := account.Intake{Resolver: resolver, Committer: committer, Clock: clocks.Fixed(now)}
	keys := parse(t, "ada@example.com")

	before, err := resolver.Ensure(t.Context(), keys, now)
	must(t, err)

	restore := func() {
		t.Helper()

		for _, table := range []string{"accounts", "account_keys", "account_lookup"} {
			_, err := db.Exec(t.Context(), "truncate "+table)
			must(t, err)
		}
	}

	restore()

	// A sign of life.
	refused, err := intake.Take(t.Context(), []account.Claim{{Account: "ada@example.com"}, {Account: "7"}})
	if err != nil || len(refused) != 0 {
		t.Fatalf("%v, %v", refused, err)
	}

	after, err := account.NewResolver(db, lookup()).Find(t.Context(), keys)
	must(t, err)

	if after[0] == "" || after[0] == before[0] || !get(t, db, after[0]).LastInteractionAt.Equal(now) {
		t.Errorf("%v, then %v", before, after)
	}

	if _, err := account.Get(t.Context(), db, before[0]); !failure.Is(err, failure.AccountUnknown) {
		t.Errorf("the id of before has an account: %v", err)
	}

	restore()

	// A registration: it is left to the careful way, which looks anew.
	registrar := account.NewRegistrar(t.Context(), db, 0)
	t.Cleanup(registrar.Close)

	fresh, err := registrar.Register(t.Context(), registration(t, after[0], "k"))
	if err != nil || fresh || requests(t, db) != 0 {
		t.Errorf("%v, %v", fresh, err)
	}

	resolver.Forget(keys[0])

	anew, err := resolver.Ensure(t.Context(), keys, now)
	if err != nil || anew[0] == after[0] {
		t.Errorf("%v, %v", anew, err)
	}

	must(t, registered(registrar.Register(t.Context(), registration(t, anew[0], "k"))))

	// What is no restore is tried once.
	calls := 0

	err = resolver.Use(t.Context(), keys, now, func([]string) error {
		calls++

		return errAllowed
	})
	if err == nil || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}

	// An id that nobody was given has no account, whoever writes it.
	if _, _, err := account.Register(t.Context(), db, ids.New(account.Prefix), now, now); err == nil {
		t.Error("an account came to be under an id that was never given")
	}

	_, _, err = account.Register(t.Context(), db, strconv.Itoa(1), now, now)
	must(t, err)
}
