package content_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/content"
	"steward/internal/pgtest"
)

// Each single change to a copy is named; empty words mean that the change is
// harmless and must pass.
func TestEachChangeIsNamed(t *testing.T) {
	t.Parallel()

	source := pgtest.Database(t)
	run(t, source, world)

	archive := dump(t, source)
	want := describe(t, source)

	for _, c := range []struct{ sql, words string }{
		{"delete from stock.items where id = 7", `table "stock.items": 50 rows became 49`},
		{"insert into stock.nothing default values", `table "stock.nothing": 2 rows became 3`},
		{"insert into stock.alias select * from stock.alias limit 1", `table "stock.alias": 2 rows became 3`},
		{"update stock.items set doc = '{\"n\": 8}' where id = 7", `table "stock.items": 50 rows, but their content differs`},
		{
			"update stock.items set raw = case id when 1 then (select raw from stock.items where id = 2) else (select raw from stock.items where id = 1) end where id in (1, 2)",
			`table "stock.items": 50 rows, but their content differs`,
		},
		{"update stock.items set ratio = ratio * (1 + 1e-15) where id = 3", `table "stock.items": 50 rows, but their content differs`},
		{"update stock.dropped set b = null", `table "stock.dropped": 2 rows, but their content differs`},
		{`truncate stock."a.b"`, `table "stock.\"a.b\"": 1 rows became 0`},
		{"delete from only stock.parent", `table "stock.parent": 1 rows became 0`},
		{"truncate stock.fast", `table "stock.fast": 1 rows became 0`},
		{"drop table stock.alias", `table "stock.alias" is missing`},
		{"create table stock.extra (n int)", `table "stock.extra" is not in the source`},
		{"select setval('stock.items_id_seq', 49)", `sequence "stock.items_id_seq" stands at 49, outside of what it was during the dump`},
		{"select setval('stock.items_id_seq', 51)", `sequence "stock.items_id_seq" stands at 51`},
		{"select setval('stock.items_id_seq', 50, false)", `sequence "stock.items_id_seq" stands at 50`},
		{"select nextval('stock.untouched')", `sequence "stock.untouched" stands at 1`},
		{"drop sequence stock.untouched", `sequence "stock.untouched" is missing`},
		{"create sequence stock.more", `sequence "stock.more" is not in the source`},
		{"alter sequence stock.down no cycle", "sequence definitions"},
		{"alter sequence stock.untouched owned by stock.alias.lines", "sequence definitions"},
		{"select lo_put(70001, 0, 'A')", "large objects: 2 rows, but their content differs"},
		{"select lo_unlink(70001)", "large objects: 2 rows became 1"},
		{"alter large object 70001 owner to owner_b", "large objects: 2 rows, but their content differs"},
		{"grant select on large object 70001 to reader", "large objects: 2 rows, but their content differs"},
		{"drop extension earthdistance", `extension "earthdistance" is missing`},
		{"create extension hstore", `extension "hstore" is not in the source`},
		{"alter extension citext set schema public", `extension "citext"`},
		{"update pg_extension set extversion = '0.9' where extname = 'cube'", `extension "cube"`},
		{"alter table stock.items owner to owner_b", `privilege "relation stock.items is owned by owner_a" is missing`},
		{"alter schema stock owner to owner_b", `privilege "schema stock is owned by owner_a" is missing`},
		{"alter type stock.mood owner to owner_b", `privilege "type stock.mood is owned by owner_a" is missing`},
		{"alter function stock.touch() owner to owner_b", `is owned by owner_a" is missing`},
		{"revoke select on stock.items from reader cascade", `privilege "relation stock.items grants SELECT with option to reader" is missing`},
		{"revoke grant option for select on stock.items from reader", `privilege "relation stock.items grants SELECT to reader" is not in the source`},
		{"grant delete on stock.alias to public", `privilege "relation stock.alias grants DELETE to everybody" is not in the source`},
		{`revoke select (sku) on stock.items from "Mixed Role"`, `privilege "column stock.items.sku grants SELECT to Mixed Role" is missing`},
		{"revoke execute on function stock.touch() from reader", `grants EXECUTE to reader" is missing`},
		{"grant execute on procedure stock.noop(int) to public", `grants EXECUTE to everybody" is not in the source`},
		{"revoke usage on type stock.cents from public", `privilege "type stock.cents grants USAGE to everybody" is missing`},
		{"grant usage on sequence stock.untouched to reader", `privilege "sequence stock.untouched grants USAGE to reader" is not in the source`},
		{"alter default privileges for role owner_a in schema stock revoke select on tables from reader", `privilege "default for owner_a in stock`},
		{"alter table stock.items alter price set default 2", "column definitions"},
		{"alter table stock.dropped alter b type bigint", "column definitions"},
		{"alter table stock.items rename sku to code", "column definitions"},
		{"alter table stock.items alter sku drop not null", "column definitions"},
		{"alter table stock.items alter twice drop expression", "column definitions"},
		{"alter table stock.items alter id set generated by default", "column definitions"},
		{"alter table stock.items alter sku set storage plain", "column definitions"},
		{"alter table stock.items alter sku reset (n_distinct)", "column definitions"},
		{"alter type stock.pair add attribute c int cascade", "column definitions"},
		{"alter table stock.items drop constraint items_price_check", "constraint definitions"},
		{"alter table stock.items add check (price > -1) not valid", "constraint definitions"},
		{"drop index stock.items_at", "index definitions"},
		{"alter table stock.items cluster on items_lower", "index definitions"},
		{"alter table stock.items replica identity full", "relation definitions"},
		{"alter table stock.items disable trigger items_touch", "trigger definitions"},
		{"drop trigger items_touch on stock.items", "trigger definitions"},
		{"drop rule alias_kept on stock.alias", "rule definitions"},
		{"create or replace view stock.cheap as select id, sku from stock.items where price < 4", "view definitions"},
		{"alter view stock.cheap reset (security_barrier)", "relation definitions"},
		{"drop policy readers on stock.items", "policy definitions"},
		{"alter policy readers on stock.items to public", "policy definitions"},
		{"alter policy readers on stock.items using (price > 0)", "policy definitions"},
		{"alter table stock.items disable row level security", "relation definitions"},
		{"alter table stock.items force row level security", "relation definitions"},
		{"alter table stock.fast set logged", "relation definitions"},
		{"alter table stock.child no inherit stock.parent", "relation definitions"},
		{"alter type stock.mood add value 'angry'", "enum definitions"},
		{"alter domain stock.cents set default 8", "domain definitions"},
		{"alter domain stock.cents drop constraint cents_check", "domain definitions"},
		{"create type stock.more as range (subtype = int)", "range definitions"},
		{"create or replace function stock.touch() returns trigger language plpgsql as 'begin return new; end'", "function definitions"},
		{"drop procedure stock.noop", "function definitions"},
		{"drop aggregate stock.total (numeric)", "aggregate definitions"},
		{`create collation stock.other from "POSIX"`, "collation definitions"},
		{"drop statistics stock.linked", "statistics definitions"},
		{"create publication p", "publication definitions"},
		{
			"alter table stock.shaped drop constraint between_and, add constraint between_and check ((n between 1 and 9 or price > 0) and day between '2026-01-01' and '2027-01-01')",
			"constraint definitions",
		},
		{
			"alter table stock.shaped drop constraint shaped_status_check, add constraint shaped_status_check check (status in ('new', 'ald'))",
			"constraint definitions",
		},
		{
			"alter table stock.shaped drop constraint shaped_status_check, add constraint shaped_status_check check (status::bpchar in ('new', 'old'))",
			"constraint definitions",
		},
		{
			"drop policy shaped_insert on stock.shaped; create policy shaped_insert on stock.shaped for insert with check (status in ('new'))",
			"policy definitions",
		},
		{
			"drop policy shaped_policy on stock.shaped; create policy shaped_policy on stock.shaped with check (status in ('new', 'old') and n between 1 and 9 and price > 0)",
			"policy definitions",
		},
		{"drop index stock.shaped_some; create index shaped_some on stock.shaped (n) where status in ('new', 'old') and n between 1 and 9", "index definitions"},
		{
			"create or replace function stock.known(s varchar) returns boolean language sql begin atomic select s in ('a', 'b') and length(s) between 1 and 3 and s <> 'c'; end",
			"function definitions",
		},
		{"comment on table stock.items is 'other'", "comment definitions"},
		{"comment on column stock.items.price is null", "comment definitions"},
		{"comment on function stock.touch() is 'other'", "comment definitions"},
		{"comment on schema stock is null", "comment definitions"},

		{"vacuum full stock.items", ""},
		{"create temp table t (n int)", ""},
		{"insert into stock.alias values ('x', 1, 'y'); delete from stock.alias where ctid = (select min(ctid) from stock.alias)", ""},
		{"create table o as select * from stock.visits_1 order by n desc; truncate stock.visits_1; insert into stock.visits_1 select * from o; drop table o", ""},
		{"refresh materialized view stock.summary with no data", ""},
		{"comment on extension cube is 'ours'", ""},
		{"create index failed on stock.broken (n); update pg_index set indisvalid = false where indexrelid = 'stock.failed'::regclass", ""},
		{"analyze", ""},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()

			at := restore(t, archive)
			run(t, at, c.sql)

			differences := content.Compare(want, describe(t, at))
			if c.words == "" && len(differences) > 0 || c.words != "" && !strings.Contains(strings.Join(differences, "; "), c.words) {
				t.Errorf("found %q", differences)
			}
		})
	}
}

// What a value looks like must not depend on the settings of server, database or
// role on either side.
func TestSettingsDoNotMatter(t *testing.T) {
	t.Parallel()

	source := pgtest.Database(t)
	run(t, source, world)

	copied := restore(t, dump(t, source))
	run(t, copied, `do $$ declare setting text; begin
		foreach setting in array array['datestyle = ''SQL, DMY''', 'timezone = ''Asia/Tokyo''', 'extra_float_digits = 0', 'bytea_output = ''escape''',
			'intervalstyle = ''postgres_verbose''', 'search_path = stock', 'row_security = on', 'statement_timeout = ''1h''', 'quote_all_identifiers = on'] loop
			execute format('alter database %I set %s', current_database(), setting);
		end loop; end $$`)

	if differences := content.Compare(describe(t, source), describe(t, copied)); len(differences) > 0 {
		t.Error(differences)
	}
}

// A copy in another encoding equals its source.
func TestEncodingsDoNotMatter(t *testing.T) {
	t.Parallel()

	source := pgtest.Database(t)
	name := source[strings.LastIndex(source, "/")+1 : strings.Index(source, "?")]
	run(t, pgtest.Database(t), "create database "+name+"_l encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0")

	latin := strings.Replace(source, name, name+"_l", 1)
	run(t, latin, "create table words (w text); insert into words values ('Übergröße'), ('café')")

	if differences := content.Compare(describe(t, latin), describe(t, restore(t, dump(t, latin)))); len(differences) > 0 {
		t.Error(differences)
	}
}

// A copy's sequence may stand where its source's stood, or anywhere between.
func TestSequencesMayHaveMoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.Int64().Draw(t, "before"), rapid.Int64().Draw(t, "after")
		at := rapid.OneOf(rapid.Int64(), rapid.Just(before), rapid.Just(after), rapid.Int64Range(min(before, after), max(before, after))).Draw(t, "at")
		called := rapid.Bool().Draw(t, "called")

		sequence := content.Sequence{Schema: "s", Name: "q", Before: content.Position{Last: before, Called: true}, After: content.Position{Last: after, Called: true}}
		restored := content.Sequence{Schema: "s", Name: "q", After: content.Position{Last: at, Called: called}}

		equal := len(content.Compare(content.Description{Sequences: []content.Sequence{sequence}},
			content.Description{Sequences: []content.Sequence{restored}})) == 0
		if inside := called && at >= min(before, after) && at <= max(before, after); equal != inside {
			t.Fatalf("%d called %t between %d and %d: %t", at, called, before, after, equal)
		}
	})
}

func TestNamesAreNotMistaken(t *testing.T) {
	t.Parallel()

	for _, pair := range [][2]content.Table{
		{{Schema: "a.b", Name: "c"}, {Schema: "a", Name: "b.c"}},
		{{Schema: `a"`, Name: "b"}, {Schema: "a", Name: `"b`}},
		{{Schema: `a`, Name: `b`}, {Schema: `"a"`, Name: "b"}},
	} {
		if pair[0].Key() == pair[1].Key() {
			t.Errorf("%+v have one key", pair)
		}
	}

	if key := (content.Table{Schema: "a", Name: "B c"}).Key(); key != "a.B c" {
		t.Error(key)
	}
}
