package residue_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure/residue"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// Whose a row is says the account at the end of its path, also where the table itself does not hold it; in whatever
// way the account's key is written. A row that leads to no account is nobody else's.
//
//nolint:dupword // SQL
func TestWhoseARowIs(t *testing.T) {
	t.Parallel()

	const ours, theirs = "3f2504e0-4f89-11d3-9a0c-0305e82c33aa", "3f2504e0-4f89-11d3-9a0c-0305e82c33bb"

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), `create table firm (id uuid primary key);
		create table note (id int primary key, firm uuid references firm, body text);
		create table line (id int primary key, note int references note, body text);
		create table word (id int primary key, line int references line, body json);
		insert into firm values ('`+ours+`'), ('`+theirs+`');
		insert into note values (1, '`+ours+`', 'ada@example.com'), (2, '`+theirs+`', 'ada@example.com'), (3, null, 'ada@example.com');
		insert into line select id, id, body from note;
		insert into line values (4, null, 'ada@example.com');
		insert into word select id, id, '{"a": "ada@example.com"}' from line`); err != nil {
		t.Fatal(err)
	}

	name := func(table string) liveschema.Name { return liveschema.Name{Schema: "public", Table: table} }
	of := func(table, path string) datamap.Table {
		return datamap.Table{Name: name(table), Role: datamap.Processor, Path: []string{path}, Rows: datamap.Delete}
	}
	decided := datamap.Database{
		Name: "app", Account: datamap.Root{Table: name("firm"), Key: "id"},
		Tables: []datamap.Table{
			{Name: name("firm"), Role: datamap.Controller, Rows: datamap.Delete}, of("note", "firm"), of("line", "note"), of("word", "line"),
		},
	}

	got := passed(t, db, decided, residue.Sought{
		Erasure: "era_1", Account: "3F2504E0-4F89-11D3-9A0C-0305E82C33AA", Identity: datamap.Email, Value: "ada@example.com",
	})
	want := map[residue.Finding]bool{}

	for table, left := range map[string]int64{"note": 2, "line": 3, "word": 3} {
		want[residue.Finding{Erasure: "era_1", Table: "public." + table, Column: "body", Rows: left}] = true
		want[residue.Finding{Erasure: "era_1", Table: "public." + table, Column: "body", Rows: 1, Elsewhere: true}] = true
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// passed is what a pass finds of one who is sought.
func passed(t *testing.T, db *postgres.DB, decided datamap.Database, who residue.Sought) map[residue.Finding]bool {
	t.Helper()

	schema, err := liveschema.Read(t.Context(), db, "app")
	if err != nil {
		t.Fatal(err)
	}

	got := map[residue.Finding]bool{}
	pass := residue.Pass{Decided: decided, Schema: schema, Done: func(_ context.Context, found []residue.Finding, _ residue.Cursor) error {
		for _, finding := range found {
			got[finding] = true
		}

		return nil
	}}

	if err := pass.Run(t.Context(), db, []residue.Sought{who}, residue.Cursor{}); err != nil {
		t.Fatal(err)
	}

	return got
}
