package account_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/idempotency"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func registration(t *testing.T, id, key string) account.Registration {
	t.Helper()

	return registrationUnder(t, nil, id, key)
}

func registrationUnder(t *testing.T, pepper idempotency.Pepper, id, key string) account.Registration {
	t.Helper()

	row, err := idempotency.Prepare(idempotency.Request{
		Owner: "app-x", Credential: "key_x", Operation: "create-account", Key: key, Body: []byte(id), Secret: bytes.Repeat([]byte{1}, 32),
		Pepper: pepper,
	}, []byte("answer"), now, idempotency.Keep)
	must(t, err)

	return account.Registration{ID: id, CreatedAt: now.Add(-time.Hour), At: now, Request: row}
}

func requests(t *testing.T, db *postgres.DB) (count int) {
	t.Helper()

	must(t, db.QueryRow(t.Context(), `select count(*) from idempotency_keys`).Scan(&count))

	return count
}

// TestRegistrarsShareCommits: many callers, some with the same account, some with a
// key that was used: each fresh account has its request, nothing else has anything.
func TestRegistrarsShareCommits(t *testing.T) {
	t.Parallel()

	db, counted := pgtest.OpenSteward(t), &faults.Counter{}
	record(t, db, "7", now)

	registrar := account.NewRegistrar(faults.With(t.Context(), counted), db, 0)
	t.Cleanup(registrar.Close)

	var (
		together sync.WaitGroup
		mu       sync.Mutex
		fresh    = map[string]int{}
	)

	const callers = 300

	for n := range callers {
		together.Go(func() {
			id := strconv.Itoa(n / 2) // each account is brought by two
			made, err := registrar.Register(t.Context(), registration(t, id, strconv.Itoa(n)))

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				t.Error(err)
			} else if made {
				fresh[id]++
			}
		})
	}

	together.Wait()

	for n := range callers / 2 {
		if id := strconv.Itoa(n); fresh[id] != 1 && n != 7 || n == 7 && fresh[id] != 0 || n != 7 && !get(t, db, id).CreatedAt.Equal(now.Add(-time.Hour)) {
			t.Errorf("%s was fresh %d times: %+v", id, fresh[id], get(t, db, id))
		}
	}

	if got := requests(t, db); got != callers/2-1 {
		t.Errorf("%d requests are remembered", got)
	}

	if got := len(counted.Calls()); got > callers/2 {
		t.Errorf("%d statements for %d callers", got, callers)
	}

	// A key that was used takes its account back with it, and nobody else's.
	must(t, registered(registrar.Register(t.Context(), registration(t, "4000", "used"))))

	for n := range 20 {
		together.Go(func() {
			key := strconv.Itoa(1000 + n)
			if n == 3 {
				key = "used"
			}

			made, err := registrar.Register(t.Context(), registration(t, strconv.Itoa(5000+n), key))
			if err != nil || made != (n != 3) {
				t.Errorf("%d: %v, %v", n, made, err)
			}
		})
	}

	together.Wait()

	if got := requests(t, db); got != callers/2-1+20 {
		t.Errorf("%d requests are remembered", got)
	}

	if _, err := account.Get(t.Context(), db, "5003"); !failure.Is(err, failure.AccountUnknown) {
		t.Errorf("an account was made for a key that was used: %v", err)
	}
}

// TestOneReusedKeyTakesNothingFromOthers: whoever names ever new accounts under one
// key is told so, and everybody else is still written together with others, with none
// sent the careful way.
func TestOneReusedKeyTakesNothingFromOthers(t *testing.T) {
	t.Parallel()

	db, counted := pgtest.OpenSteward(t), &faults.Counter{}
	registrar := account.NewRegistrar(faults.With(t.Context(), counted), db, 0)
	t.Cleanup(registrar.Close)

	must(t, registered(registrar.Register(t.Context(), registration(t, "1", "used"))))

	const callers = 400

	var together sync.WaitGroup

	before := len(counted.Calls())

	for n := range callers {
		together.Go(func() {
			key, reused := strconv.Itoa(n), n%2 == 0
			if reused {
				key = "used"
			}

			made, err := registrar.Register(t.Context(), registration(t, strconv.Itoa(1000+n), key))
			if err != nil || made == reused {
				t.Errorf("%d: %v, %v", n, made, err)
			}
		})
	}

	together.Wait()

	if got := len(counted.Calls()) - before; got > callers/2 {
		t.Errorf("%d statements for %d callers", got, callers)
	}

	// Of two who bring the same key at once, one is written.
	fresh := make(chan bool, callers)

	for n := range callers {
		together.Go(func() {
			made, err := registrar.Register(t.Context(), registration(t, strconv.Itoa(5000+n), "race"))
			if err != nil {
				t.Error(err)
			}

			fresh <- made
		})
	}

	together.Wait()
	close(fresh)

	won := 0

	for made := range fresh {
		if made {
			won++
		}
	}

	if won != 1 || requests(t, db) != callers/2+2 {
		t.Errorf("%d were written, %d requests are remembered", won, requests(t, db))
	}
}

func registered(fresh bool, err error) error {
	if err == nil && !fresh {
		err = errors.New("it was not fresh")
	}

	return err
}

// TestARequestOfBeforeThePepperIsSeen: a retry whose first try was written down under the plain
// hash registers nothing, neither twice nor for another body; a request of its own is no retry.
func TestARequestOfBeforeThePepperIsSeen(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	registrar := account.NewRegistrar(t.Context(), db, 0)
	t.Cleanup(registrar.Close)

	must(t, registered(registrar.Register(t.Context(), registration(t, "1", "of before"))))

	pepper, err := idempotency.NewPepper([]byte("a secret"))
	must(t, err)

	if made, err := registrar.Register(t.Context(), registrationUnder(t, pepper, "2", "of before")); made || err != nil {
		t.Errorf("registered %v: %v", made, err)
	}

	if _, err := account.Get(t.Context(), db, "2"); !failure.Is(err, failure.AccountUnknown) || requests(t, db) != 1 {
		t.Errorf("%d requests are remembered, and the account is there: %v", requests(t, db), err)
	}

	must(t, registered(registrar.Register(t.Context(), registrationUnder(t, pepper, "2", "of now"))))
}

// TestRegistrarTellsFailures: what is not known to be written is told as a failure,
// and asking again finds out.
func TestRegistrarTellsFailures(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for n, mode := range []faults.Mode{faults.Before, faults.After, faults.Hang} {
		registrar := account.NewRegistrar(failing(t, 1, mode), db, 0.3)
		wanted := registration(t, strconv.Itoa(n), strconv.Itoa(n))

		if fresh, err := registrar.Register(t.Context(), wanted); err == nil || fresh {
			t.Errorf("%s: %v, %v", mode, fresh, err)
		}

		fresh, err := registrar.Register(t.Context(), wanted)
		if err != nil || fresh != (mode != faults.After) {
			t.Errorf("%s, again: %v, %v", mode, fresh, err)
		}

		registrar.Close()

		if _, err := registrar.Register(t.Context(), wanted); !failure.Is(err, failure.SignsWaiting) {
			t.Error(err)
		}
	}

	if got := requests(t, db); got != 3 {
		t.Errorf("%d requests are remembered", got)
	}
}

// TestTheLineOfRegistrationsIsShort: while the database does not answer, no more than
// twenty groups wait, so that the last of them is still answered in time.
func TestTheLineOfRegistrationsIsShort(t *testing.T) {
	t.Parallel()

	// A group waits for as long as this machine takes to fill the line: the test ends first.
	const patient = 30

	db := pgtest.OpenSteward(t)
	registrar := account.NewRegistrar(t.Context(), db, patient)
	t.Cleanup(registrar.Close)

	full, one := make(chan struct{}), registration(t, "1", "1")

	var (
		together sync.WaitGroup
		once     sync.Once
	)

	must(t, db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, `lock table accounts in access exclusive mode`); err != nil {
			return err
		}

		for range 23_000 { // the line, and a group for each writer
			together.Go(func() {
				_, err := registrar.Register(ctx, one)
				if failure.Is(err, failure.SignsWaiting) {
					once.Do(func() { close(full) })
				} else if err != nil {
					t.Error(err)
				}
			})
		}

		select {
		case <-full:
		case <-time.After(time.Minute): // only so that the test ends
			t.Error("23,000 registrations wait")
		}

		return nil
	}))

	together.Wait()
}
