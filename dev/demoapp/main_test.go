package demoapp_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/dev/demoapp"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// small is large enough for every rare value to occur.
//
//nolint:gochecknoglobals // a constant that the language has no word for
var small = demoapp.Size{Accounts: 40, Displays: 3000, Seed: 7}

// filled gives a fresh database with the schema and a world of the size.
func filled(t *testing.T, size demoapp.Size) string {
	t.Helper()
	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if err := demoapp.Fill(t.Context(), url, size, nil); err != nil {
		t.Fatal(err)
	}
	return url
}

func open(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// tableNames lists every table that has rows of its own, quoted as SQL wants it.
func tableNames(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	return query[[]string](t, conn, `
		SELECT array_agg(format('%I.%I', n.nspname, c.relname) ORDER BY 1)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('app', 'billing', 'public') AND c.relkind IN ('r', 'm')`)
}

// hashes is one order-independent hash per table, beside the sequences and large objects.
func hashes(t *testing.T, conn *pgx.Conn) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, table := range tableNames(t, conn) {
		if table == "app.schema_version" {
			continue // It holds the time of the install.
		}
		all[table] = query[string](t, conn, `
			SELECT count(*) || ':' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM `+table+` r`)
	}
	all["sequences"] = query[string](t, conn, `
		SELECT string_agg(schemaname || '.' || sequencename || '=' || coalesce(last_value, -1), ' '
			ORDER BY schemaname, sequencename) FROM pg_sequences`)
	all["large objects"] = query[string](t, conn, `
		SELECT string_agg(oid || '=' || md5(lo_get(oid)), ' ' ORDER BY oid) FROM pg_largeobject_metadata`)
	return all
}

// program runs one of PostgreSQL's programs.
func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		found = []string{name}
	}
	out, err := exec.CommandContext(t.Context(), found[len(found)-1], args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
