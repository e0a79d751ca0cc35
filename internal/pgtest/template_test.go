package pgtest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
)

// Which tables, columns, functions, triggers, rights and migrations a database has, and
// nothing that differs between two installations.
const shape = `
select 'column ' || attrelid::regclass || ' ' || attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull || ' ' || coalesce(attacl::text, '')
	from pg_attribute join pg_class on attrelid = pg_class.oid where relnamespace in ('public'::regnamespace, 'ledger'::regnamespace) and not attisdropped
union all select 'relation ' || oid::regclass || ' ' || coalesce(relacl::text, '') from pg_class where relnamespace in ('public'::regnamespace, 'ledger'::regnamespace)
union all select 'function ' || oid::regprocedure || ' ' || md5(pg_get_functiondef(oid)) from pg_proc where pronamespace in ('public'::regnamespace, 'ledger'::regnamespace)
union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
	where connamespace in ('public'::regnamespace, 'ledger'::regnamespace)
union all select 'migration ' || version_id from goose_db_version
order by 1`

func TestMain(m *testing.M) { pgtest.Main(m) }

func shapeOf(t *testing.T, at string) []string {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	rows, err := conn.Query(t.Context(), shape)
	if err != nil {
		t.Fatal(err)
	}

	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(lines) == 0 {
		t.Fatal(lines, err)
	}

	return lines
}

// A copy of the template is what the migrations make, and what one test does in its own
// is in no other.
func TestACopyIsAStewardDatabase(t *testing.T) {
	t.Parallel()

	want := shapeOf(t, pgtest.Migrated(t))
	first := pgtest.Steward(t)

	conn, err := pgx.Connect(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := conn.Exec(t.Context(), "drop table access_log"); err != nil {
		t.Error(err)
	}

	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}

	if diff := cmp.Diff(want, shapeOf(t, pgtest.Steward(t))); diff != "" {
		t.Error(diff)
	}
}
