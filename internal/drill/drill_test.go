package drill_test

import (
	"testing"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const source = `
create role drilltest_owner;
create role "drilltest Super" superuser;
create schema stock authorization drilltest_owner;
alter schema public owner to drilltest_owner;
create extension citext;
comment on extension citext is 'a comment of our own';
create schema geo authorization "drilltest Super";
create extension cube schema geo;
create extension earthdistance schema geo;
set role drilltest_owner;
create table stock.items (id bigint generated always as identity primary key, "Mixed Name" text, price numeric, at timestamptz,
	twice numeric generated always as (price * 2) stored);
insert into stock.items ("Mixed Name", price, at)
	select 'thing ' || n, n / 7.0, '2026-01-01'::timestamptz + n * interval '1 hour' from generate_series(1, 1000) as n;
create table stock.parts (month date, n int, primary key (month, n)) partition by range (month);
create table stock.parts_1 partition of stock.parts for values from ('2026-01-01') to ('2026-02-01');
insert into stock.parts values ('2026-01-15', 1), ('2026-01-16', 2);
alter table stock.items enable row level security;
create view stock.cheap as select id, price from stock.items where price < 10;
comment on table stock.items is 'what there is';
create table stock."x EXTENSION - y" (n int);
create table public.here (n public.citext);
grant select on stock.items to public;
reset role;
create table stock.by_super (n int);
alter table stock.by_super owner to "drilltest Super";
select lo_from_bytea(0, 'a large object');
`

func TestBackupIsTakenAndDrilled(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, source)

	taken := b.Take(t, "2026-11-22")
	if taken.State != catalogue.Taken || taken.Rows != 1002 {
		t.Fatalf("taken: %+v", taken)
	}

	if got := b.Ledger(t, taken.ID); got["backup.stored"] != 1 || got["backup.drilled"] != 0 {
		t.Errorf("evidence %v", got)
	}

	// A drill whose answer was lost is asked for again: it changes nothing.
	for range 2 {
		drilled, err := b.Driller.Drill(t.Context(), taken.ID)
		if err != nil {
			t.Fatal(err)
		}

		if drilled.State != catalogue.Drilled || drilled.DrillSeconds <= 0 {
			t.Fatalf("drilled: %+v", drilled)
		}
	}

	if got := b.Ledger(t, taken.ID); got["backup.drilled"] != 1 {
		t.Errorf("evidence %v", got)
	}

	again, err := b.Taker.Take(t.Context(), taken.ID)
	if err != nil || again.State != catalogue.Drilled || again.Attempt != taken.Attempt {
		t.Errorf("a day that is done was taken again: %+v, %v", again, err)
	}

	b.CheckObjects(t, taken.ID)
	b.CheckNothingLeft(t)
}
