package demoapp_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/pgtest"
)

// pg_restore checks every foreign key and every generated value anew: what comes out whole went in whole.
func TestDumpAndRestore(t *testing.T) {
	t.Parallel()
	source := filled(t, small)
	target := pgtest.Database(t)
	archive := filepath.Join(t.TempDir(), "app.dump")
	program(t, "pg_dump", "--format=custom", "--compress=0", "--file="+archive, source)
	program(t, "pg_restore", "--exit-on-error", "--dbname="+target, archive)
	if diff := cmp.Diff(hashes(t, open(t, source)), hashes(t, open(t, target))); diff != "" {
		t.Errorf("the restored database differs (-source +target):\n%s", diff)
	}
}

// A restore need not be a superuser's: the app's owner can do it where the database is its own.
func TestRestoreAsOwner(t *testing.T) {
	t.Parallel()
	source, target := filled(t, small), pgtest.Database(t)
	archive := filepath.Join(t.TempDir(), "app.dump")
	program(t, "pg_dump", "--format=custom", "--compress=0", "--file="+archive, source)
	conn := open(t, target)
	if _, err := conn.Exec(t.Context(), `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO app_owner', current_database()); END $$`); err != nil {
		t.Fatal(err)
	}
	program(t, "pg_restore", "--exit-on-error", "--role=app_owner", "--dbname="+target, archive)
	if diff := cmp.Diff(hashes(t, open(t, source)), hashes(t, conn)); diff != "" {
		t.Errorf("the restored database differs (-source +target):\n%s", diff)
	}
}
