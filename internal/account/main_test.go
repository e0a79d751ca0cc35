package account_test

import (
	"context"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

var now = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // one instant for all tests

func lookup() account.LookupKey { return account.LookupKey("a lookup key that is for tests only") }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, db *postgres.DB, id string) account.Account {
	t.Helper()

	found, err := account.Get(t.Context(), db, id)
	must(t, err)

	return found
}

// record brings one sign.
func record(t testing.TB, db *postgres.DB, id string, at time.Time) bool {
	t.Helper()

	gone, err := account.Record(t.Context(), db, map[string]time.Time{id: at}, now)
	must(t, err)

	return gone[id]
}

func failing(t *testing.T, n int, mode faults.Mode) context.Context {
	t.Helper()

	return faults.With(t.Context(), &faults.Counter{N: n, Mode: mode})
}
