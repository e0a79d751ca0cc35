package schema_test

import (
	"context"
	"testing"

	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/schema"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestMissing follows a database from before its first migration to one that is
// behind, beside Pending, which asks the library.
func TestMissing(t *testing.T) {
	t.Parallel()

	url := pgtest.Database(t)

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	versions, err := schema.Versions()
	if err != nil || len(versions) == 0 || versions[0] != 1 {
		t.Fatalf("%v, %v", versions, err)
	}

	missing := func(want int) {
		t.Helper()

		if got, err := schema.Missing(t.Context(), db); err != nil || got != want {
			t.Errorf("%d are missing, %v; want %d", got, err, want)
		}

		if got, err := schema.Pending(t.Context(), url); err != nil || got != want {
			t.Errorf("the library says %d, %v; want %d", got, err, want)
		}
	}

	if got, err := schema.Missing(t.Context(), db); err != nil || got != len(versions) {
		t.Errorf("before the first migration: %d, %v", got, err)
	}

	if applied, err := schema.Migrate(t.Context(), url); err != nil || applied != len(versions) {
		t.Fatalf("%d, %v", applied, err)
	}

	missing(0)

	if _, err := db.Exec(t.Context(), "delete from goose_db_version where version_id = $1", versions[len(versions)-1]); err != nil {
		t.Fatal(err)
	}

	missing(1)

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if _, err := schema.Missing(ended, db); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}
