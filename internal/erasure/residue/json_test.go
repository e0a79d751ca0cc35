package residue_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure/residue"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// A json column holds what jsonb refuses, and is looked through all the same: whatever way an identifier is escaped in, in
// keys too, beside others in one row, and in the columns behind it.
func TestJSONThatIsNoJSONB(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), `create table account (id int primary key);
		create type pair as (body json, word text);
		create table doc (id int primary key, body json, bodies json[], packed pair, behind text);
		insert into doc (id, body) values
			(1, '{"a": "\u0000", "b": "ada@example.com"}'),
			(2, '{"a": "\ud800", "b": "ad\u0061\u0040example.com"}'),
			(3, '{"a": 1e400000, "\u0061da@example.com": 1}'),
			(4, '{"a": "first line\nADA@example.com\tor\u0009else"}'),
			(5, '{"a": "ada@example.com", "a": "twice"}'),
			(6, '{"a": "\u00009\\\u0009", "b": "joann.ada@example.com"}'),
			(7, '{"a": "\u0009\n\\", "b": "\ude00\ud83d"}');
		update doc set behind = 'ada@example.com' where id in (1, 7);
		insert into doc (id, bodies) values (8, array['{"a": "\u0000ada\u0040example.com"}'::json]);
		insert into doc (id, packed) values (9, ('{"a": "\u0000ada\u0040example.com"}', 'x')), (10, ('{}', 'ada@example.com'))`); err != nil {
		t.Fatal(err)
	}

	name := func(table string) liveschema.Name { return liveschema.Name{Schema: "public", Table: table} }
	got := passed(t, db, datamap.Database{
		Name: "app", Account: datamap.Root{Table: name("account"), Key: "id"},
		Tables: []datamap.Table{{Name: name("account"), Role: datamap.Controller, Rows: datamap.Delete}},
	}, residue.Sought{Erasure: "era_1", Identity: datamap.Email, Value: "ada@example.com"})

	want := map[residue.Finding]bool{}
	for column, rows := range map[string]int64{"body": 5, "bodies": 1, "packed": 2, "behind": 2} {
		want[residue.Finding{Erasure: "era_1", Table: "public.doc", Column: column, Rows: rows}] = true
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
