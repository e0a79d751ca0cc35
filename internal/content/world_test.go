package content_test

// world is a database with one of everything that a dump carries. Roles belong
// to the cluster, hence the guards.
const world = `
do $$ declare wanted text; begin
	foreach wanted in array array['owner_a', 'owner_b', 'reader', 'Mixed Role'] loop
		begin execute format('create role %I', wanted); exception when duplicate_object or unique_violation then null; end;
	end loop;
end $$;
create schema stock authorization owner_a;
create schema "Odd.Schema ""x""" authorization owner_b;
create extension citext schema stock;
create extension cube;
create extension earthdistance;
grant create on schema public to owner_b;

set role owner_a;
create type stock.mood as enum ('sad', 'ok', 'happy');
create domain stock.cents as bigint check (value >= 0) default 7;
create type stock.pair as (a int, b text);
create type stock.span as range (subtype = numeric);
create collation stock.plain from "C";
create sequence stock.down increment -3 minvalue -100 maxvalue 0 start 0 cycle;
create sequence stock.untouched;
create table stock.items (
	id bigint generated always as identity primary key,
	sku text not null unique, "Mixed ""Name""" text collate stock.plain, price numeric(10, 2) default 1.5 check (price < 1e9),
	twice numeric generated always as (price * 2) stored, at timestamptz, took interval, raw bytea, ratio double precision,
	mood stock.mood, c stock.cents, tags text[], doc jsonb, both_of stock.pair, r stock.span, ci stock.citext, day date, cash money);
insert into stock.items (sku, "Mixed ""Name""", price, at, took, raw, ratio, mood, c, tags, doc, both_of, r, ci, day, cash)
	select 'sku-' || n, 'thing ' || n || E'\nline', n / 7.0, '2026-01-01Z'::timestamptz + n * interval '1 hour', n * interval '90 minutes',
		decode(md5(n::text), 'hex'), 1.0 / n, 'ok', n, array['a', 'b' || n], jsonb_build_object('n', n), row(n::int, 'x,"y')::stock.pair, stock.span(n, n + 1),
		'CI' || n, '2026-01-01'::date + n, n::int::money
	from generate_series(1, 50) as n;
alter table stock.items alter sku set storage external, alter sku set (n_distinct = 5);
create table stock.dropped (a int, gone text, b int);
alter table stock.dropped drop gone;
insert into stock.dropped values (1, 2), (null, null);
create table stock.nothing ();
insert into stock.nothing default values;
insert into stock.nothing default values;
create table stock.alias (steward_row text, lines int, line text);
insert into stock.alias values ('x', 1, 'y'), ('x', 1, 'y');
create unlogged table stock.fast (n int);
insert into stock.fast values (1);
create table stock.parent (n int, t text);
create table stock.child (more text) inherits (stock.parent);
insert into stock.parent values (1, 'p'); insert into stock.child values (2, 'c', 'm');
create table stock.visits (month date, n int, primary key (month, n)) partition by range (month);
create table stock.visits_1 partition of stock.visits for values from ('2026-01-01') to ('2026-02-01');
create table stock.visits_rest partition of stock.visits default;
insert into stock.visits values ('2026-01-15', 1), ('2026-03-15', 1);
create table stock."a.b" (n int);
insert into stock."a.b" values (1);
-- Shapes that PostgreSQL writes otherwise after a dump and a restore.
create table stock.shaped (status varchar(20) default 'new' check (status in ('new', 'old')), n int, price numeric, day date,
	constraint between_and check (n between 1 and 9 and price > 0 and day between '2026-01-01' and '2027-01-01'),
	constraint either check (n not between 5 and 6 or price = any (array[1, 2]) or status = 'old'));
create index shaped_some on stock.shaped (n) where status in ('new', 'old') and n between 1 and 9 and price > 0;
create view stock.shaped_view as select status in ('a', 'b') as known, case when n between 1 and 2 and price > 0 then 1 end as few
	from stock.shaped where status not in ('c', 'd') and n between 1 and 5 and day is not null;
create policy shaped_policy on stock.shaped using (status in ('new', 'old') and n between 1 and 9 and price > 0);
create policy shaped_insert on stock.shaped for insert with check (status in ('new', 'old'));
create rule shaped_rule as on update to stock.shaped where old.status in ('a', 'b') and old.n between 1 and 2 and old.n > 0 do instead nothing;
create domain stock.grade as varchar check (value in ('a', 'b'));
create table stock.broken (n int);
insert into stock.broken values (1), (1);
create index items_at on stock.items (at desc) where price > 2;
create index items_lower on stock.items (lower(sku));
create statistics stock.linked on sku, price from stock.items;
create view stock.cheap with (security_barrier) as select id, sku from stock.items where price < 3;
create materialized view stock.summary as select count(*) as n from stock.items;
create function stock.touch() returns trigger language plpgsql as $f$ begin new.price := coalesce(new.price, 1); return new; end $f$;
create trigger shaped_touch before insert on stock.shaped for each row
	when (new.status in ('a', 'b') and new.n between 1 and 2 and new.price > 0) execute function stock.touch();
create function stock.known(s varchar) returns boolean language sql begin atomic select s in ('a', 'b') and length(s) between 1 and 2 and s <> 'c'; end;
create trigger items_touch before insert on stock.items for each row execute function stock.touch();
create procedure stock.noop(a int) language sql as 'select 1';
create aggregate stock.total (numeric) (sfunc = numeric_add, stype = numeric, initcond = '0');
create rule alias_kept as on delete to stock.alias where old.lines < 0 do instead nothing;
alter table stock.items enable row level security;
create policy readers on stock.items for select to reader using (price > 1);
grant select on stock.items to reader with grant option;
grant select (sku), update (price) on stock.items to "Mixed Role";
grant execute on function stock.touch() to reader;
revoke execute on procedure stock.noop(int) from public;
alter default privileges in schema stock grant select on tables to reader;
comment on table stock.items is 'what there is'; comment on column stock.items.price is 'in euros';
comment on function stock.touch() is 'touches'; comment on type stock.mood is 'moods'; comment on schema stock is 'the stock';
select nextval('stock.down'), nextval('stock.down');
reset role;
create index broken_n on stock.broken (n);
comment on index stock.broken_n is 'it failed';
update pg_index set indisvalid = false where indexrelid = 'stock.broken_n'::regclass;
create table "Odd.Schema ""x""".t (n int);
alter table "Odd.Schema ""x""".t owner to "Mixed Role";
create table "Odd.Schema ""x"""."söme
thing ✓" (n int);
insert into "Odd.Schema ""x"""."söme
thing ✓" values (1);
create temp table fleeting (n int);
-- What few databases have.
create function stock.handler() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create trusted language stocklang handler stock.handler;
alter language stocklang owner to owner_a; grant usage on language stocklang to reader;
create function stock.mood_int(stock.mood) returns int language sql immutable as 'select 1';
create cast (stock.mood as int) with function stock.mood_int(stock.mood) as assignment;
create transform for stock.mood language stocklang (from sql with function prsd_lextype(internal));
create conversion stock.odd for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create function stock.same(stock.mood, stock.mood) returns boolean language sql immutable as 'select $1::text = $2::text';
create operator stock.=== (leftarg = stock.mood, rightarg = stock.mood, function = stock.same, commutator = operator(stock.===), hashes);
create operator family stock.moods using hash;
create operator class stock.mood_ops for type stock.mood using hash family stock.moods as operator 1 stock.===, function 1 stock.mood_int(stock.mood);
alter operator family stock.moods using hash add operator 1 pg_catalog.= (int4, int4), function 1 pg_catalog.hashint4(int4);
create text search parser stock.cutter (start = prsd_start, gettoken = prsd_nexttoken, "end" = prsd_end, lextypes = prsd_lextype);
create text search template stock.simpler (init = dsimple_init, lexize = dsimple_lexize);
create text search dictionary stock.known_words (template = stock.simpler, stopwords = english);
create text search configuration stock.words (parser = default);
alter text search configuration stock.words add mapping for asciiword, word with stock.known_words, simple;
create access method heaps type table handler heap_tableam_handler;
create access method more_heaps type table handler heap_tableam_handler;
create table stock.elsewhere (n int) using heaps;
create foreign data wrapper lookup options (debug 'true');
grant usage on foreign data wrapper lookup to reader;
create server far foreign data wrapper lookup options (host 'x');
alter server far owner to owner_a; grant usage on foreign server far to reader;
create foreign table stock.there (n int options (column_name 'm')) server far options (table_name 'x');
create user mapping for reader server far options (password 'x');
create publication sold for table stock.items (id, sku) where (price between 2 and 3), stock.alias with (publish = 'insert');
create publication of_stock for tables in schema stock with (publish_via_partition_root, publish = 'insert');
alter publication sold owner to owner_a;
do $$ declare made oid; begin
	made := lo_from_bytea(70001, 'a large object'); execute format('alter large object %s owner to owner_a', made);
	made := lo_from_bytea(70002, 'another'); execute format('grant select on large object %s to reader', made);
end $$;
`
