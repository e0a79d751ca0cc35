package appdb_test

import (
	"testing"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// What an erasure told as done, a crash of the server does not bring back, though batches wait for no disk. The server is
// told to write its log only when somebody waits for it.
func TestACrashBringsNothingBack(t *testing.T) {
	t.Parallel()

	cluster, err := pgtest.Start(t.Context(), "postgres")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})

	db, err := postgres.Open(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	g := hospital()
	decided := g.installIn(t, db)

	for _, sql := range []string{"alter system set wal_writer_delay = '10s'", "select pg_reload_conf()", "checkpoint"} {
		run(t, db, sql)
	}

	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_crash", Kind: plan.Account, Account: "1"}
	crash := func() {
		if err := cluster.Crash(); err != nil {
			t.Error(err)
		}
	}
	of := appdb.New(db, decided, appdb.Options{
		Limits: execute.Limits{Small: 0, Gather: 100, Batch: 10, MostBatch: 10}, Cleaning: crash,
	})

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := of.Erase(t.Context(), subject, frozen, nil); err == nil {
		t.Error("the server was not asked any more after its crash")
	}

	if err := cluster.Revive(t.Context()); err != nil {
		t.Fatal(err)
	}

	left, _ := g.rows(t, db, decided, 1)
	for table, rows := range left {
		if rows != 0 {
			t.Errorf("%d rows of %s are back", rows, table)
		}
	}
}
