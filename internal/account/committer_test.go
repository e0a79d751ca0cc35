package account_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func committer(t *testing.T, db *postgres.DB) *account.Committer {
	t.Helper()

	c := account.NewCommitter(t.Context(), db, clocks.Fixed(now), 0)
	t.Cleanup(c.Close)

	return c
}

// TestCallersShareCommits lets many callers write at once: each sign is there when
// its caller is answered, and there were far fewer statements than callers.
func TestCallersShareCommits(t *testing.T) {
	t.Parallel()

	const callers, calls = 200, 10

	db, counted := pgtest.OpenSteward(t), &faults.Counter{}

	c := account.NewCommitter(faults.With(t.Context(), counted), db, clocks.Fixed(now), 0)
	t.Cleanup(c.Close)

	var together sync.WaitGroup

	for caller := range callers {
		together.Go(func() {
			for call := range calls {
				at := now.Add(time.Duration(call) * time.Second)
				if _, err := c.Record(t.Context(), []account.Sign{{Account: strconv.Itoa(caller), At: at}}); err != nil {
					t.Error(err)

					return
				}
			}
		})
	}

	together.Wait()

	for caller := range callers {
		if got := get(t, db, strconv.Itoa(caller)).LastInteractionAt; !got.Equal(now.Add((calls - 1) * time.Second)) {
			t.Errorf("%d: %v", caller, got)
		}
	}

	if got := len(counted.Calls()); got > callers*calls/4 {
		t.Errorf("%d statements for %d calls", got, callers*calls)
	}
}

// TestClosedAccountsAreAnswered: who shares a commit with a closed account hears nothing of
// it, and who brought it does.
func TestClosedAccountsAreAnswered(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	intake := account.Intake{Resolver: account.NewResolver(db, lookup()), Committer: committer(t, db), Clock: clocks.Fixed(now)}
	ghost := ids.New(account.Prefix)

	record(t, db, "5", now)
	must(t, account.BeginClosing(t.Context(), db, "5", "era_aaaaaaaaaaaaaaaaaaaaaaaaaa", 1, now))
	must(t, account.Close(t.Context(), db, "5", "era_aaaaaaaaaaaaaaaaaaaaaaaaaa", now))

	refused, err := intake.Take(t.Context(), []account.Claim{
		{Account: "6", At: now},
		{Account: "5", At: now},
		{Account: ghost, At: now},
		{Account: "ada@example.com"},
		{Account: "8", At: now.Add(time.Hour)},
		{Account: " 8", At: now.Add(time.Hour)},
		{Account: "8", At: time.Unix(1, 0)},
		{Account: "5"},
	})
	must(t, err)

	if diff := cmp.Diff([]account.Refusal{
		{1, failure.AccountGone},
		{2, failure.AccountUnknown},
		{4, failure.SignInFuture},
		{5, failure.AccountKeyRefused},
		{6, failure.SignTooOld},
		{7, failure.AccountGone},
	}, refused); diff != "" {
		t.Error(diff)
	}

	get(t, db, "6")

	intake.Resolver = account.NewResolver(db, nil)

	refused, err = intake.Take(t.Context(), []account.Claim{{Account: "ada@example.com"}, {Account: "7"}})
	if err != nil || !slices.Equal(refused, []account.Refusal{{0, failure.AccountKeyRefused}}) {
		t.Error(refused, err)
	}

	get(t, db, "7")

	if refused, err := intake.Take(t.Context(), nil); err != nil || refused != nil {
		t.Error(refused, err)
	}
}

// TestOneBadSignFailsNobodyElse plants a trigger that refuses one account: real
// code, real driver, real refusal.
func TestOneBadSignFailsNobodyElse(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for _, sql := range []string{
		`create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$`,
		`create trigger refuse before insert on accounts for each row when (new.id = '13') execute function refuse()`,
	} {
		_, err := db.Exec(t.Context(), sql)
		must(t, err)
	}

	c := committer(t, db)

	var together sync.WaitGroup

	for id := range 40 {
		together.Go(func() {
			_, err := c.Record(t.Context(), []account.Sign{{Account: strconv.Itoa(id), At: now}})
			if (err == nil) != (id != 13) {
				t.Errorf("%d: %v", id, err)
			}
		})
	}

	together.Wait()
}

// TestTooMuchWaits holds the table, so that nothing can be written, and fills the
// line: what has no room is refused at once, what was accepted is written when the
// table is free, also after Close was called.
func TestTooMuchWaits(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	c := account.NewCommitter(t.Context(), db, clocks.Fixed(now), 0)
	held, free := make(chan struct{}), make(chan struct{})

	var holding, waiting, closing sync.WaitGroup

	holding.Go(func() {
		err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, `lock table accounts in exclusive mode`); err != nil {
				return err
			}

			close(held)
			<-free

			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held

	// Both writers take one bundle each and wait for the lock; the rest waits in line.
	var (
		mu               sync.Mutex
		accepted, turned []string
	)

	for n := range 60 {
		waiting.Go(func() {
			signs := make([]account.Sign, account.MaxSigns)
			for i := range signs {
				signs[i] = account.Sign{Account: fmt.Sprintf("%d%04d", n+1, i), At: now}
			}

			_, err := c.Record(t.Context(), signs)

			mu.Lock()
			defer mu.Unlock()

			switch {
			case err == nil:
				accepted = append(accepted, signs[0].Account)
			case failure.Is(err, failure.SignsWaiting):
				if turned = append(turned, signs[0].Account); len(turned) == 1 {
					close(free)
					closing.Go(c.Close)
				}
			default:
				t.Error(err)
			}
		})
	}

	waiting.Wait()
	holding.Wait()
	closing.Wait()

	if len(accepted) < 10 || len(turned) < 1 {
		t.Errorf("%d accepted, %d refused", len(accepted), len(turned))
	}

	for _, id := range accepted {
		get(t, db, id)
	}

	for _, id := range turned {
		if _, err := account.Get(t.Context(), db, id); !failure.Is(err, failure.AccountUnknown) {
			t.Errorf("%s was refused and is there: %v", id, err)
		}
	}

	if _, err := c.Record(t.Context(), []account.Sign{{Account: "1", At: now}}); !failure.Is(err, failure.SignsWaiting) {
		t.Errorf("after the end: %v", err)
	}
}

// TestFailuresAreTold: whoever shares a commit that fails hears of it, and the
// committer goes on.
func TestFailuresAreTold(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for _, mode := range []faults.Mode{faults.Before, faults.After, faults.Hang} {
		c := account.NewCommitter(failing(t, 1, mode), db, clocks.Fixed(now), 0.3)

		if _, err := c.Record(t.Context(), []account.Sign{{Account: "1", At: now}}); err == nil {
			t.Errorf("%s: nobody heard of it", mode)
		}

		if _, err := c.Record(t.Context(), []account.Sign{{Account: "1", At: now}}); err != nil {
			t.Errorf("%s: %v", mode, err)
		}

		c.Close()
		c.Close()
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	c := account.NewCommitter(failing(t, 1, faults.Hang), db, clocks.Fixed(now), 0.3)
	defer c.Close()

	if _, err := c.Record(ended, []account.Sign{{Account: "1", At: now}}); !failure.Is(err, failure.TimedOut) {
		t.Error(err)
	}
}
