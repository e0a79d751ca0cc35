package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var errWork = errors.New("work failed")

func open(t *testing.T) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), "create table t (n int primary key)"); err != nil {
		t.Fatal(err)
	}

	return db
}

func count(t *testing.T, db *postgres.DB) (n int) {
	t.Helper()

	if err := db.QueryRow(t.Context(), "select count(*) from t").Scan(&n); err != nil {
		t.Fatal(err)
	}

	return n
}

func insert(ctx context.Context, tx postgres.Tx) error {
	_, err := tx.Exec(ctx, "insert into t values ($1)", 1)

	return err
}

func TestInTxCommitsOrRollsBack(t *testing.T) {
	t.Parallel()

	db := open(t)

	err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return errors.Join(insert(ctx, tx), errWork)
	})
	if !errors.Is(err, errWork) || count(t, db) != 0 {
		t.Fatalf("error %v, %d rows", err, count(t, db))
	}

	if err := db.InTx(t.Context(), insert); err != nil || count(t, db) != 1 {
		t.Fatalf("error %v, %d rows", err, count(t, db))
	}
}

func TestInSnapshotIsReadOnly(t *testing.T) {
	t.Parallel()

	db := open(t)
	if err := db.InSnapshot(t.Context(), insert); err == nil {
		t.Fatal("a snapshot was written to")
	}
}

// Each statement, BEGIN and COMMIT among them, is one call at the gate; the
// insert is there only if COMMIT had its effect.
func TestEveryStatementPassesTheGate(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		n        int
		mode     faults.Mode
		wantRows int
	}{
		{1, faults.Before, 0},
		{2, faults.Before, 0},
		{3, faults.Before, 0},
		{1, faults.After, 0},
		{2, faults.After, 0},
		{3, faults.After, 1},
	} {
		db := open(t)
		ctx := faults.With(t.Context(), &faults.Counter{N: test.n, Mode: test.mode})

		if err := db.InTx(ctx, insert); !errors.Is(err, faults.ErrInjected) {
			t.Errorf("%s %d: error %v", test.mode, test.n, err)
		}

		if got := count(t, db); got != test.wantRows {
			t.Errorf("%s %d: %d rows", test.mode, test.n, got)
		}

		counter := &faults.Counter{}
		rows, err := db.Query(faults.With(t.Context(), counter), "select n from t")
		if err != nil {
			t.Fatal(err)
		}

		rows.Close()

		if calls := counter.Calls(); len(calls) != 1 || calls[0].Name != "select" {
			t.Errorf("calls %v", calls)
		}
	}
}

func TestQueryThatFailsAfterItsEffectLeaksNoConnection(t *testing.T) {
	t.Parallel()

	db := open(t)

	for range 20 {
		ctx := faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.After})
		if _, err := db.Query(ctx, "select 1"); !errors.Is(err, faults.ErrInjected) { //nolint:gocritic // rows that are not closed are what the test is about
			t.Fatal(err)
		}
	}

	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesNonsenseWithoutRepeatingIt(t *testing.T) {
	t.Parallel()

	_, err := postgres.Open(t.Context(), "postgres://u:s3cret@[::1:5432/x")
	if !failure.Is(err, failure.ConfigInvalid) {
		t.Fatal(err)
	}

	if got := err.Error(); got != "reading a database URL: the configuration is wrong" {
		t.Fatal(got)
	}
}

func TestPingSaysUnavailable(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), "postgres://nobody@127.0.0.1:1/x?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if err := db.Ping(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Fatal(err)
	}
}

func TestWhoIsNotLetInIsTold(t *testing.T) {
	t.Parallel()

	at, err := url.Parse(pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	at.User = url.User("nobody_of_that_name")

	db, err := postgres.Open(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if err := db.Ping(t.Context()); !failure.Is(err, failure.Unauthorised) {
		t.Fatal(err)
	}
}
