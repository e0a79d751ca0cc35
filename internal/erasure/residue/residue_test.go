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

func TestMain(m *testing.M) { pgtest.Main(m) }

// world holds one person in a note, in JSON, in a list, in a partition and in a table that nobody decided about, and a namesake
// with another customer.
func world(t *testing.T) (*postgres.DB, datamap.Database) {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	if _, err := db.Exec(t.Context(), `create table account (id int primary key, name text);
		create table note (id int primary key, account int not null references account, body text, extra json, tags text[], visitor uuid);
		create table event (at int not null, body jsonb) partition by range (at);
		create table event_1 partition of event for values from (0) to (10);
		create table event_2 partition of event default;
		create table stray (body varchar(99), number int);
		insert into account values (1, 'one'), (2, 'two');
		insert into note select n, 1 + n % 2, 'nothing ' || repeat('x', 500), '{}', '{}', gen_random_uuid() from generate_series(1, 400) as n;
		update note set body = E'call her\nAda@example.com, or else' where id in (2, 3, 4);
		update note set extra = '{"a": ["\u0061da@example.com"]}' where id = 6;
		update note set tags = '{vip,ADA@EXAMPLE.COM}' where id = 8;
		update note set visitor = '3f2504e0-4f89-11d3-9a0c-0305e82c3301' where id = 10;
		insert into event values (5, '{"x": "ada@example.com"}'), (50, '{"x": "grace@example.com"}');
		insert into stray values ('tel. +44 20 7946 0977', 1), ('442079460977', 2), ('Ada', 3)`); err != nil {
		t.Fatal(err)
	}

	name := func(table string) liveschema.Name { return liveschema.Name{Schema: "public", Table: table} }

	return db, datamap.Database{
		Name: "app", Account: datamap.Root{Table: name("account"), Key: "id"},
		Tables: []datamap.Table{
			{Name: name("account"), Role: datamap.Controller, Rows: datamap.Delete},
			{Name: name("note"), Role: datamap.Processor, Path: []string{"account"}, Rows: datamap.Delete},
			{Name: name("event"), NotPersonal: "so they say"},
		},
	}
}

func sought() []residue.Sought {
	return []residue.Sought{
		{"era_1", "1", datamap.Email, "ada@example.com", false},
		{"era_1", "1", datamap.Phone, "442079460977", false},
		{"era_1", "1", datamap.Visitor, "3F2504E0-4F89-11D3-9A0C-0305E82C3301", false},
		{"era_1", "1", datamap.User, "10", false},
		{"era_2", "", datamap.Email, "Grace@example.com", false},
		{"era_3", "", datamap.Email, "ada@example.com", false},
	}
}

// look runs a pass from a cursor on, as long as it may, and adds up what it finds.
func look(t *testing.T, db *postgres.DB, decided datamap.Database, from residue.Cursor, ranges int) (all map[residue.Finding]int64, next residue.Cursor) {
	t.Helper()

	schema, err := liveschema.Read(t.Context(), db, "app")
	if err != nil {
		t.Fatal(err)
	}

	all = map[residue.Finding]int64{}
	stop := context.Canceled

	pass := residue.Pass{Decided: decided, Schema: schema, Pages: 7, Done: func(_ context.Context, found []residue.Finding, at residue.Cursor) error {
		for _, finding := range found {
			rows := finding.Rows
			finding.Rows = 0
			all[finding] += rows
		}

		next = at

		ranges--
		if ranges == 0 {
			return stop
		}

		return nil
	}}

	if err := pass.Run(t.Context(), db, sought(), from); err != nil && ranges != 0 {
		t.Fatal(err)
	}

	return all, next
}

func want() map[residue.Finding]int64 {
	return map[residue.Finding]int64{
		{Erasure: "era_1", Table: "public.note", Column: "body"}:                   2,
		{Erasure: "era_1", Table: "public.note", Column: "body", Elsewhere: true}:  1,
		{Erasure: "era_1", Table: "public.note", Column: "extra"}:                  1,
		{Erasure: "era_1", Table: "public.note", Column: "tags"}:                   1,
		{Erasure: "era_1", Table: "public.note", Column: "visitor"}:                1,
		{Erasure: "era_3", Table: "public.note", Column: "body", Elsewhere: true}:  3,
		{Erasure: "era_3", Table: "public.note", Column: "extra", Elsewhere: true}: 1,
		{Erasure: "era_3", Table: "public.note", Column: "tags", Elsewhere: true}:  1,
		{Erasure: "era_1", Table: "public.event_1", Column: "body"}:                1,
		{Erasure: "era_3", Table: "public.event_1", Column: "body"}:                1,
		{Erasure: "era_2", Table: "public.event_2", Column: "body"}:                1,
		{Erasure: "era_1", Table: "public.stray", Column: "body"}:                  2,
	}
}

// All identifiers of all erasures are found in one pass, with whose rows they are in.
func TestAPassFindsAll(t *testing.T) {
	t.Parallel()

	db, decided := world(t)

	got, _ := look(t, db, decided, residue.Cursor{}, -1)
	if diff := cmp.Diff(want(), got); diff != "" {
		t.Error(diff)
	}
}

// A pass that ends after each range, and goes on in another, finds the same.
func TestAPassIsResumed(t *testing.T) {
	t.Parallel()

	db, decided := world(t)
	all, at, ranges := map[residue.Finding]int64{}, residue.Cursor{}, 0

	for {
		found, next := look(t, db, decided, at, 1)
		for finding, rows := range found {
			all[finding] += rows
		}

		if next == (residue.Cursor{}) {
			break
		}

		at = next
		ranges++
	}

	if diff := cmp.Diff(want(), all); diff != "" || ranges < 8 {
		t.Error(ranges, diff)
	}
}

// What many people share is not looked for.
func TestUnique(t *testing.T) {
	t.Parallel()

	for _, weak := range []residue.Sought{
		{Identity: datamap.User, Value: "10"},
		{Identity: datamap.Phone, Value: "+44-112"},
		{Identity: datamap.Email, Value: "Ada Lovelace"},
		{Identity: datamap.Visitor, Value: "abc"},
		{Identity: datamap.Email, Value: "a@b"},
	} {
		if residue.Unique(weak.Identity, weak.Value) {
			t.Errorf("%+v", weak)
		}
	}

	for i, one := range sought() {
		if residue.Unique(one.Identity, one.Value) != (i != 3) {
			t.Errorf("%+v", one)
		}
	}
}

// What the map lets stay is told, and is not left over: a retained column, and the key of an account where it says nothing about anybody.
func TestWhatTheMapKeepsIsNoResidue(t *testing.T) {
	t.Parallel()

	const key = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"

	db, decided := world(t)
	if _, err := db.Exec(t.Context(), `update note set tags = array['`+key+`', 'ada@example.com'], account = 1 where id = 10;
		insert into event values (7, '{"x": "`+key+`"}')`); err != nil {
		t.Fatal(err)
	}

	decided.Tables[1].Columns = []datamap.Column{
		{Name: "body", Decision: datamap.Erase},
		{Name: "tags", Decision: datamap.Retain, Basis: "invoices", Until: "10y"},
		{Name: "visitor", Decision: datamap.NotPersonal},
	}

	schema, err := liveschema.Read(t.Context(), db, "app")
	if err != nil {
		t.Fatal(err)
	}

	got := map[residue.Finding]bool{}
	pass := residue.Pass{
		Decided: decided, Schema: schema, Done: func(_ context.Context, found []residue.Finding, _ residue.Cursor) error {
			for _, finding := range found {
				got[finding] = finding.Left()
			}

			return nil
		},
		Only: []liveschema.Name{{Schema: "public", Table: "note"}, {Schema: "public", Table: "event_1"}},
	}

	who := []residue.Sought{{"era_1", "1", datamap.User, key, true}, {"era_2", "1", datamap.Email, "ada@example.com", false}}
	if err := pass.Run(t.Context(), db, who, residue.Cursor{}); err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(map[residue.Finding]bool{
		{Erasure: "era_1", Table: "public.note", Column: "visitor", Rows: 1, Decided: true}: false,
		{Erasure: "era_1", Table: "public.note", Column: "tags", Rows: 1, Decided: true}:    false,
		{Erasure: "era_1", Table: "public.event_1", Column: "body", Rows: 1, Decided: true}: false,
		{Erasure: "era_2", Table: "public.note", Column: "tags", Rows: 2, Decided: true}:    false,
		{Erasure: "era_2", Table: "public.note", Column: "body", Rows: 2}:                   true,
		{Erasure: "era_2", Table: "public.note", Column: "body", Rows: 1, Elsewhere: true}:  false,
		{Erasure: "era_2", Table: "public.note", Column: "extra", Rows: 1}:                  true,
		{Erasure: "era_2", Table: "public.event_1", Column: "body", Rows: 1}:                true,
	}, got); diff != "" {
		t.Error(diff)
	}
}
