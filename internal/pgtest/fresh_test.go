package pgtest_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
)

// Clusters that are started at once share one fresh cluster for each superuser, answer to it, and what one holds is in no other.
func TestFreshClustersAreCopied(t *testing.T) {
	folder := t.TempDir()
	for _, dir := range []string{folder, filepath.Dir(folder)} {
		if err := os.Chmod(dir, 0o755); err != nil { // for PostgreSQL's user
			t.Fatal(err)
		}
	}

	t.Setenv("STEWARD_PG_FRESH", folder)

	var starting sync.WaitGroup

	for _, superuser := range []string{"postgres", "postgres", "drill_admin"} {
		starting.Go(func() {
			cluster, err := pgtest.Start(t.Context(), superuser)
			if err != nil {
				t.Error(err)

				return
			}

			pgtest.EndWith(t, cluster)
			mustBeFresh(t, cluster, superuser)
		})
	}

	starting.Wait()

	kept, err := os.ReadDir(folder)
	if err != nil || len(kept) != 2 {
		t.Error("one for each superuser is kept:", kept, err)
	}
}

func mustBeFresh(t *testing.T, cluster *pgtest.Cluster, superuser string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Error(err)

		return
	}
	defer conn.Close(t.Context())

	var roles, name string
	if err := conn.QueryRow(t.Context(), `select string_agg(rolname, ' '), current_user from pg_roles where rolsuper`).Scan(&roles, &name); err != nil {
		t.Error(err)
	}

	if roles != superuser || name != superuser {
		t.Errorf("superusers %q, asked as %q", roles, name)
	}

	if _, err := conn.Exec(t.Context(), "create table mine ()"); err != nil {
		t.Error("what another cluster holds is in this one:", err)
	}
}
