package content_test

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/content"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// run sends statements on a connection of its own, so that they may be anything.
func run(t *testing.T, at, sql string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
}

func describe(t *testing.T, at string) content.Description {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	var described content.Description

	err = db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		described, err = content.Describe(ctx, tx, nil)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return described
}

// dump gives the custom-format archive of a database.
func dump(t *testing.T, at string) []byte {
	t.Helper()

	return tool(t, nil, "pg_dump", "--format=custom", "--compress=0", "--dbname="+at)
}

// restore gives a fresh database with what the archive holds.
func restore(t *testing.T, archive []byte) string {
	t.Helper()

	at := pgtest.Database(t)
	tool(t, archive, "pg_restore", "--exit-on-error", "--dbname="+at)

	return at
}

func tool(t *testing.T, stdin []byte, name string, args ...string) []byte {
	t.Helper()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	var out, complaints bytes.Buffer

	command := exec.CommandContext(t.Context(), filepath.Join(bin, name), args...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &out, &complaints

	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, complaints.String())
	}

	return out.Bytes()
}
