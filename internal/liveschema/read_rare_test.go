package liveschema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/liveschema"
	"steward/internal/pgtest"
)

// Keys, triggers, rules, checks and unique indexes that one partition has are those of the table.
func TestPartitionsBelongToTheirTable(t *testing.T) {
	t.Parallel()

	schema := read(t, `create table root (id bigint primary key);
		create table shows (id bigint, at date, kind text, root bigint constraint root references root on delete cascade,
			primary key (id, at, kind)) partition by range (at);
		create table shows_old partition of shows for values from ('2020-01-01') to ('2021-01-01') partition by list (kind);
		create table shows_old_a (kind text, note text, id bigint, root bigint, at date);
		alter table shows_old_a drop column note; alter table shows_old_a alter id set not null;
		alter table shows_old_a alter at set not null; alter table shows_old_a alter kind set not null;
		alter table shows_old attach partition shows_old_a for values in ('a');
		create table shows_new partition of shows default;
		alter table shows_old_a add constraint extra foreign key (id) references root;
		alter table shows_new add constraint extra foreign key (id) references root;
		alter table shows_old_a add check (root > 0); create unique index on shows_new (root);
		create table marks (id bigint primary key, show bigint, at date, kind text,
			constraint shows foreign key (show, at, kind) references shows, constraint part foreign key (show, at, kind) references shows_old_a);
		create function f() returns trigger language plpgsql as 'begin return old; end';
		create trigger every before delete on shows for each row execute function f();
		create trigger one after update on shows_new for each row execute function f();
		insert into root values (1), (2); insert into shows values (1, '2020-02-02', 'a'), (2, '2022-02-02', 'b'); analyze shows_old_a;`)

	shows := table(t, schema, "public.shows")
	root := liveschema.Name{Schema: "public", Table: "root"}

	equal(t, shows, liveschema.Table{
		Name: liveschema.Name{Schema: "public", Table: "shows"}, Kind: liveschema.Partitioned,
		Columns: []liveschema.Column{
			{Name: "id", Type: "bigint", Base: "bigint", Category: "N", NotNull: true},
			{Name: "at", Type: "date", Base: "date", Category: "D", NotNull: true, Checked: true},
			{Name: "kind", Type: "text", Base: "text", Category: "S", NotNull: true, Checked: true},
			{Name: "root", Type: "bigint", Base: "bigint", Category: "N", Checked: true},
		},
		Primary: []string{"id", "at", "kind"}, Indexes: [][]string{{"id", "at", "kind"}},
		UniqueOver: [][]string{{"at", "id", "kind"}, {"root"}}, PartitionBy: []string{"at", "kind"},
		Keys: []liveschema.ForeignKey{
			{Name: "root", Columns: []string{"root"}, To: root, ToColumns: []string{"id"}, OnDelete: liveschema.Cascade},
			{Name: "extra", Columns: []string{"id"}, To: root, ToColumns: []string{"id"}, OnDelete: liveschema.NoAction},
		},
		Partitions: []liveschema.Name{{Schema: "public", Table: "shows_new"}, {Schema: "public", Table: "shows_old_a"}},
		Triggers: []liveschema.Trigger{
			{Name: "every", Function: "public.f", OnDelete: true, Enabled: true},
			{Name: "one", Function: "public.f", OnUpdate: true, Enabled: true},
		},
	})

	if shows.Rows != 1 || shows.Bytes == 0 {
		t.Errorf("%d rows, %d bytes; one partition of one row was analysed", shows.Rows, shows.Bytes)
	}

	// A key on a partition is one on the table: both keys of marks look alike then.
	if got := table(t, schema, "public.marks").Keys; len(got) != 1 || got[0].To != shows.Name {
		t.Errorf("keys %+v", got)
	}

	if len(schema.Tables) != 3 {
		t.Errorf("%d tables: a partition is none", len(schema.Tables))
	}
}

// What acts by itself, or hides rows, is told.
func TestWhatActsByItself(t *testing.T) {
	t.Parallel()

	schema := read(t, `create table a (id int primary key, x int);
		create function f() returns trigger language plpgsql as 'begin return old; end';
		create trigger t1 before delete or update on a for each row execute function f();
		create trigger t2 before insert on a for each row execute function f();
		create trigger t3 after delete on a execute function f(); alter table a disable trigger t3;
		create rule r1 as on delete to a do also select 1; create rule r2 as on update to a do instead nothing;
		create rule r3 as on insert to a do instead nothing; alter table a disable rule r2;
		alter table a enable row level security; alter table a force row level security;
		create materialized view m as select x as y from a; create view v as select x from a;
		create table kid (z int, check (kid is not null)) inherits (a); create temp table gone (id int);
		select lo_create(0), lo_create(0);`)

	got := table(t, schema, "public.a")
	want := []liveschema.Trigger{
		{Name: "t1", Function: "public.f", OnDelete: true, OnUpdate: true, Enabled: true},
		{Name: "t3", Function: "public.f", OnDelete: true},
	}

	if diff := cmp.Diff(want, got.Triggers); diff != "" {
		t.Error(diff)
	}

	if got.Rules != 1 || !got.RowSecurity || !got.ForcedSecurity {
		t.Errorf("%d rules, row security %v, forced %v", got.Rules, got.RowSecurity, got.ForcedSecurity)
	}

	if got.Rows != -1 {
		t.Errorf("%d rows in a table that was never analysed", got.Rows)
	}

	kid := table(t, schema, "public.kid")
	if len(kid.Inherits) != 1 || kid.Inherits[0] != got.Name || len(kid.Columns) != 3 {
		t.Errorf("inherits %v, columns %v", kid.Inherits, kid.Columns)
	}

	for _, column := range kid.Columns {
		if !column.Checked {
			t.Errorf("the check on the whole row does not name %s", column.Name)
		}
	}

	if view := table(t, schema, "public.m"); view.Kind != liveschema.Materialized || len(view.Columns) != 1 {
		t.Errorf("materialized view %+v", view)
	}

	if schema.LargeObjects != 2 || len(schema.Tables) != 3 || schema.Database != "app" {
		t.Errorf("%d large objects, %d tables in %s", schema.LargeObjects, len(schema.Tables), schema.Database)
	}
}

// What an extension brought is not the company's; and the transaction finds its search_path as it was.
func TestReadInATransaction(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)
	run(t, at, `create schema s; create type s.mood as enum ('a'); create table s.mine (m s.mood);
		create extension pg_stat_statements schema s; create extension file_fdw schema s;
		create server here foreign data wrapper file_fdw; create foreign table s.away (t text) server here options (filename '/dev/null')`)

	path, schema := readOnPath(t, open(t, at), "s")
	if path != "s" {
		t.Errorf("search_path is %q afterwards", path)
	}

	if got := table(t, schema, "s.mine").Columns[0].Type; got != "s.mood" {
		t.Errorf("type %q depends on the search_path", got)
	}

	if got := table(t, schema, "s.away").Kind; got != liveschema.Foreign {
		t.Errorf("kind %q", got)
	}
}
