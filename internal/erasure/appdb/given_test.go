package appdb_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// A schema that is not ours: SQL, and what somebody decided about it. In each table the column "whose" says which account
// a row is of; nothing is found by it.
type given struct {
	sql     string
	root    string
	path    map[string][]string
	follows map[string][][]string
	nobodys []string
	split   []string // tables that have partitions
}

// install makes the schema, and the map that decides about all of it.
func (g given) install(t *testing.T) (*postgres.DB, datamap.Database) {
	t.Helper()

	db := opened(t)

	return db, g.installIn(t, db)
}

// installIn is install in a database that is there.
func (g given) installIn(t *testing.T, db *postgres.DB) datamap.Database {
	t.Helper()

	if _, err := db.Exec(t.Context(), g.sql+";"+marked); err != nil {
		t.Fatal(err)
	}

	schema, err := liveschema.Read(t.Context(), db, "given")
	if err != nil {
		t.Fatal(err)
	}

	decided := datamap.Database{Name: "given", Account: datamap.Root{Table: liveschema.Name{Schema: "public", Table: g.root}, Key: "id"}}

	for _, live := range schema.Tables {
		of := datamap.Table{
			Name: live.Name, Category: "company", Role: datamap.Processor, Rows: datamap.Delete,
			Path: g.path[live.Name.Table], Follows: g.follows[live.Name.Table],
		}

		if slices.Contains(g.nobodys, live.Name.Table) {
			of = datamap.Table{Name: live.Name, NotPersonal: "the same for all"}
		}

		for _, column := range live.Columns {
			of.Columns = append(of.Columns, datamap.Column{Name: column.Name, Decision: datamap.NotPersonal})
		}

		decided.Tables = append(decided.Tables, of)
	}

	return decided
}

// atATime is how many tables one statement reads: with their partitions and indexes it locks each of them.
const atATime = 100

// marked puts into each row a text that says whose it is.
const marked = `do $$ declare t regclass; begin
	for t in select attrelid::regclass from pg_attribute as a join pg_class as c on c.oid = a.attrelid
			where attname = 'whose' and attislocal and relkind in ('r', 'p') and not relispartition order by 1 loop
		execute format('alter table %s add canary text', t);
		execute format('update %s set canary = ''canary of '' || whose', t);
	end loop; end $$`

// rows counts the rows of an account, and hashes those of the others: of each table by itself, without those of its heirs.
func (g given) rows(t *testing.T, db *postgres.DB, decided datamap.Database, account int) (mine map[string]int64, others map[string]string) {
	t.Helper()

	mine, others = map[string]int64{}, map[string]string{}

	for tables := range slices.Chunk(decided.Tables, atATime) {
		parts := make([]string, len(tables))

		for i, table := range tables {
			whose := "whose"
			if table.NotPersonal != "" {
				whose = "0"
			}

			parts[i] = fmt.Sprintf(`select '%[4]s', count(*) filter (where %[1]s = %[2]d), count(*) filter (where %[1]s <> %[2]d) || ' ' ||
				coalesce(sum(hashtextextended(r.tableoid || r::text, 0)::numeric) filter (where %[1]s <> %[2]d), 0) from %[3]s as r`,
				whose, account, g.from(table.Name), table.Name.Table)
		}

		rows, err := db.Query(t.Context(), strings.Join(parts, " union all "))
		if err != nil {
			t.Fatal(err)
		}

		type one struct {
			Name string
			Mine int64
			Hash string
		}

		read, err := pgx.CollectRows(rows, pgx.RowToStructByPos[one])
		if err != nil {
			t.Fatal(err)
		}

		for _, of := range read {
			mine[of.Name], others[of.Name] = of.Mine, of.Hash
		}
	}

	return mine, others
}

// from reads a table with its partitions, without its heirs.
func (g given) from(name liveschema.Name) string {
	if slices.Contains(g.split, name.Table) {
		return name.SQL()
	}

	return "only " + name.SQL()
}

// check erases account 1, at once and in batches, and looks at each row.
func (g given) check(t *testing.T, limits execute.Limits) {
	t.Helper()

	db, decided := g.install(t)
	of := appdb.New(db, decided, appdb.Options{Limits: limits})
	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_given", Kind: plan.Account, Account: "1"}
	had, before := g.rows(t, db, decided, 1)
	if found := canaries(t, db); !slices.Equal(found, []string{"canary of 1", "canary of 2", "canary of 3"}) {
		t.Fatalf("before the erasure, a dump has %q", found)
	}

	for name, count := range had {
		if count == 0 && !slices.Contains(g.nobodys, name) {
			t.Errorf("%s has no rows to erase", name)
		}
	}

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}
	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) == 0 {
		t.Fatal("verify finds nothing before", err)
	}
	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.Erased {
		t.Fatal(outcome, err)
	}
	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
	left, after := g.rows(t, db, decided, 1)
	for name, count := range left {
		if count != 0 {
			t.Errorf("%d rows of %s are left", count, name)
		}
	}

	if diff := cmp.Diff(before, after); diff != "" {
		t.Error("others changed:", diff)
	}

	if found := canaries(t, db); !slices.Equal(found, []string{"canary of 2", "canary of 3"}) {
		t.Errorf("a dump has %q", found)
	}
	keysHold(t, db)
}

// canaries are the texts in a full dump that say whose they are.
func canaries(t *testing.T, db *postgres.DB) []string {
	t.Helper()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	dump, err := exec.CommandContext(t.Context(), filepath.Join(bin, "pg_dump"), "--dbname", db.Pool().Config().ConnString()).Output()
	if err != nil {
		t.Fatal(err)
	}

	found := regexp.MustCompile("canary of [0-9]+").FindAllString(string(dump), -1)
	slices.Sort(found)

	return slices.Compact(found)
}

// tiny makes many batches of few rows.
func tiny() execute.Limits { return execute.Limits{Small: 0, Gather: 7, Batch: 2, MostBatch: 4} }
