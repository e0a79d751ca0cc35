package appdb_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// worlds is how many random schemas go test erases in: each takes a third of a second. STEWARD_SOAK=1 takes as many
// as -rapid.checks says.
const worlds = "8"

func TestMain(m *testing.M) {
	flag.Parse()

	if os.Getenv("STEWARD_SOAK") == "" && flag.Lookup("rapid.checks").Value.String() == flag.Lookup("rapid.checks").DefValue {
		if err := flag.Set("rapid.checks", worlds); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	pgtest.Main(m)
}

// opened gives an empty database.
func opened(t *testing.T) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}
