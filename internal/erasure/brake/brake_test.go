package brake_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/brake"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const often = 20 * time.Millisecond

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

func exec(t *testing.T, db *postgres.DB, statements ...string) {
	t.Helper()

	for _, sql := range statements {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
}

// busy is a database of two accounts, and of one number that says how busy it is.
func busy(t *testing.T, url string) *postgres.DB {
	t.Helper()

	db := open(t, url)
	exec(t, db, "create table firm (id int primary key)", "insert into firm values (1), (2)",
		"create table load (n int)", "insert into load values (0)")

	return db
}

// shop is the database with its data map as a store, and the account as a subject whose keys are frozen.
func shop(t *testing.T, db *postgres.DB, rules brake.Rules) (*appdb.Store, store.Subject, store.Frozen) {
	t.Helper()

	at := func(table string) liveschema.Name { return liveschema.Name{Schema: "public", Table: table} }
	of := appdb.New(db, datamap.Database{
		Name: "app", Account: datamap.Root{Table: at("firm"), Key: "id"},
		Tables: []datamap.Table{{
			Name: at("firm"), Category: "company", Role: datamap.Controller, Rows: datamap.Delete,
			Columns: []datamap.Column{{Name: "id", Decision: datamap.NotPersonal}},
		}, {Name: at("load"), NotPersonal: "a number"}},
	}, appdb.Options{Brake: func() appdb.Brake { return rules.For(db) }})

	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_brake", Kind: plan.Account, Account: "1"}
	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	return of, subject, frozen
}

// rows counts those of the account.
func rows(t *testing.T, db *postgres.DB) (left int) {
	t.Helper()

	if err := db.QueryRow(t.Context(), "select count(*) from firm where id = 1").Scan(&left); err != nil {
		t.Fatal(err)
	}

	return left
}

// held erases with a brake that is on, waits until it has told that often, lets go, and waits for the end.
func held(t *testing.T, db *postgres.DB, rules brake.Rules, free func()) {
	t.Helper()

	of, subject, frozen := shop(t, db, rules)
	told, ended := make(chan time.Duration), make(chan error, 1)
	letGo := make(chan struct{})

	ctx := brake.Telling(t.Context(), func(held time.Duration) {
		select {
		case told <- held:
		case <-letGo:
		}
	})

	go func() {
		_, err := of.Erase(ctx, subject, frozen, nil)
		ended <- err
	}()

	for before := time.Duration(0); before < 5*often; {
		select {
		case now := <-told:
			if now <= before {
				t.Errorf("held for %s, then for %s", before, now)
			}

			before = now
		case err := <-ended:
			t.Fatal("it was not held:", err)
		}
	}

	if rows(t, db) != 1 {
		t.Error("something was deleted while the brake was on")
	}

	close(letGo)
	free()

	if err := <-ended; err != nil || rows(t, db) != 0 {
		t.Error(rows(t, db), err)
	}
}

// A replica that is behind holds the erasure, and lets it go when it has caught up.
func TestAReplicaThatIsBehindHoldsTheErasure(t *testing.T) {
	t.Parallel()

	const most = time.Second

	source := pgtest.Own(t)

	standby, err := source.Standby(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}

	pgtest.EndWith(t, standby)

	db, replica := busy(t, source.Database(t)), open(t, standby.URL("postgres"))
	exec(t, replica, "alter system set recovery_min_apply_delay = '1h'", "select pg_reload_conf()")

	// A replica without work has no lag: something is committed until the lag is seen.
	for behind := false; !behind; {
		exec(t, db, "update load set n = 0")

		if err := db.QueryRow(t.Context(), "select coalesce(max(replay_lag) > $1, false) from pg_stat_replication", most).Scan(&behind); err != nil {
			t.Fatal(err)
		}
	}

	held(t, db, brake.Rules{MaxLag: most, Every: often}, func() {
		exec(t, replica, "alter system set recovery_min_apply_delay = '0'", "select pg_reload_conf()")
	})
}

// The load query holds the erasure as long as it says so.
func TestALoadQueryHoldsTheErasure(t *testing.T) {
	t.Parallel()

	db := busy(t, pgtest.Database(t))
	exec(t, db, "update load set n = 1")
	held(t, db, brake.Rules{LoadQuery: "select n from load", Every: often}, func() { exec(t, db, "update load set n = 0") })
}

// What was decided is carried out, though the load goes on.
func TestAPauseHasAnEnd(t *testing.T) {
	t.Parallel()

	db := busy(t, pgtest.Database(t))
	of, subject, frozen := shop(t, db, brake.Rules{LoadQuery: "select true", Every: often, Most: 5 * often})
	last := time.Duration(0)

	_, err := of.Erase(brake.Telling(t.Context(), func(held time.Duration) { last = held }), subject, frozen, nil)
	if err != nil || rows(t, db) != 0 || last < 5*often {
		t.Errorf("held for %s, %v", last, err)
	}
}

// A brake that is off, and one that was looked at just now, ask nothing.
func TestLooksAreSeldom(t *testing.T) {
	t.Parallel()

	if (brake.Rules{}).For(nil) != nil {
		t.Error("a brake without rules")
	}

	db := busy(t, pgtest.Database(t))
	of := brake.Rules{LoadQuery: "select n from load", Every: time.Hour}.For(db)
	defer of.Close(t.Context())

	for range 2 {
		if err := of.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}

		exec(t, db, "update load set n = 1") // seen an hour later
	}
}

// What the login may not ask is known before anything is decided, and what it cannot is no failure.
func TestWhatIsRefusedIsKnownToThePlan(t *testing.T) {
	t.Parallel()

	db := busy(t, pgtest.Database(t))

	of, subject, _ := shop(t, db, brake.Rules{LoadQuery: "select n from nowhere"})
	if _, err := of.Plan(t.Context(), subject); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), "brake") {
		t.Errorf("%v", err)
	}
}

// The wait ends with its context.
func TestAWaitIsCancelled(t *testing.T) {
	t.Parallel()

	ctx, stop := context.WithCancel(t.Context())
	of := brake.Rules{LoadQuery: "select true", Every: time.Hour}.For(busy(t, pgtest.Database(t)))
	ended := make(chan error, 1)

	go func() { ended <- of.Wait(ctx) }()

	stop()

	if err := <-ended; err == nil {
		t.Error("a cancelled wait ended well")
	}

	of.Close(t.Context())
}
