package demoapp_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/dev/demoapp"
	"steward/internal/pgtest"
)

// schemaOf is the schema as SQL, without the two lines that newer versions of pg_dump fill with a random key.
func schemaOf(t *testing.T, url string) string {
	t.Helper()
	var kept []string
	for line := range strings.Lines(program(t, "pg_dump", "--schema-only", url)) {
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestInstallTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	before := schemaOf(t, url)
	stamp := query[string](t, open(t, url), `SELECT installed_at::text FROM app.schema_version`)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, schemaOf(t, url)); diff != "" {
		t.Errorf("the second install changed the schema:\n%s", diff)
	}
	if again := query[string](t, open(t, url), `SELECT installed_at::text FROM app.schema_version`); again != stamp {
		t.Errorf("installed at %s, then at %s", stamp, again)
	}
}

func TestInstallRefusesAnotherVersion(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	query[int](t, open(t, url), `UPDATE app.schema_version SET version = 999 RETURNING version`)
	if err := demoapp.Install(t.Context(), url); !errors.Is(err, demoapp.ErrVersion) {
		t.Errorf("Install = %v, want ErrVersion", err)
	}
}

// Roles are the cluster's: installs into one database and into others may meet.
func TestInstallsAtOnce(t *testing.T) {
	t.Parallel()
	urls := []string{pgtest.Database(t), pgtest.Database(t), pgtest.Database(t)}
	var wait sync.WaitGroup
	for _, url := range append(urls, urls...) {
		wait.Go(func() {
			if err := demoapp.Install(t.Context(), url); err != nil {
				t.Errorf("Install: %v", err)
			}
		})
	}
	wait.Wait()
}
