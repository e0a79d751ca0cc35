package appdb_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
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

	if _, err := db.Exec(t.Context(), g.sql); err != nil {
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

// rows counts the rows of an account, and hashes those of the others.
func (g given) rows(t *testing.T, db *postgres.DB, decided datamap.Database, account int) (mine map[string]int64, others map[string]string) {
	t.Helper()

	mine, others = map[string]int64{}, map[string]string{}

	for _, table := range decided.Tables {
		var (
			count int64
			hash  string
		)

		whose := "whose"
		if table.NotPersonal != "" {
			whose = "0"
		}

		if err := db.QueryRow(t.Context(), fmt.Sprintf(`select count(*) filter (where %[1]s = %[2]d), coalesce(sum(hashtextextended(r::text, 0)::numeric)
			filter (where %[1]s <> %[2]d), 0)::text from %[3]s as r`, whose, account, table.Name.SQL())).Scan(&count, &hash); err != nil {
			t.Fatal(err)
		}

		mine[table.Name.Table], others[table.Name.Table] = count, hash
	}

	return mine, others
}

// check erases account 1, at once and in batches, and looks at each row.
func (g given) check(t *testing.T, limits execute.Limits) {
	t.Helper()

	db, decided := g.install(t)
	of := appdb.New(db, decided, appdb.Options{Limits: limits})
	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_given", Kind: plan.Account, Account: "1"}
	had, before := g.rows(t, db, decided, 1)

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
}

// tiny makes many batches of few rows.
func tiny() execute.Limits { return execute.Limits{Small: 0, Gather: 7, Batch: 2, MostBatch: 4} }
