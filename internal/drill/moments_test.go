package drill_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// moments is a source with something of each kind to lose.
const moments = backuptest.Small + `
do $$ begin create role moment_reader; exception when duplicate_object or unique_violation then null; end $$;
create extension hstore;
set role bench_owner;
create table shop.orders (id int primary key, person bigint references shop.people (id), total numeric not null default 0);
insert into shop.orders select n, n as person, n * 1.5 from generate_series(1, 20) as n;
create table shop.empty (n int);
create table shop.twins (n int);
insert into shop.twins values (1), (1), (2);
create table shop.visits (month date, n int) partition by range (month);
create table shop.visits_1 partition of shop.visits for values from ('2026-01-01') to ('2026-02-01');
insert into shop.visits values ('2026-01-15', 1);
create index orders_total on shop.orders (total);
create view shop.big as select id from shop.orders where total > 10;
create function shop.touch() returns trigger language plpgsql as $f$ begin return new;end $f$;
create trigger touched before update on shop.orders for each row execute function shop.touch();
create type shop.mood as enum ('sad', 'ok');
create sequence shop.numbers;
select setval('shop.numbers', 1000);
alter table shop.people enable row level security;
create policy some_people on shop.people for select to moment_reader using (id < 5);
grant select on shop.orders to moment_reader;
comment on table shop.orders is 'who bought';
reset role;
select lo_from_bytea(5001, 'a large object'), lo_from_bytea(5002, 'another');
`

// moment is a genuine archive of the same source after one change, under the
// signed manifest of before: what a restore that lost or kept something would be.
type moment struct{ name, change, back string }

// lossy are changes that a drill must see, each with what undoes it.
func lossy() []moment {
	return []moment{
		{"a table missing", "drop table shop.empty", "create table shop.empty (n int); alter table shop.empty owner to bench_owner"},
		{"a table more", "create table shop.more (n int)", "drop table shop.more"},
		{
			"a partition missing", "alter table shop.visits detach partition shop.visits_1",
			"alter table shop.visits attach partition shop.visits_1 for values from ('2026-01-01') to ('2026-02-01')",
		},
		{"all rows of a table missing", "truncate shop.twins", "insert into shop.twins values (1), (1), (2)"},
		{
			"the rows that a policy hides missing", "delete from shop.orders where person >= 5; delete from shop.people where id >= 5",
			"insert into shop.people (id, name) overriding system value select n, 'person ' || n from generate_series(5, 20) as n;" +
				"insert into shop.orders select n, n as person, n * 1.5 from generate_series(5, 20) as n",
		},
		{"one row missing", "delete from shop.orders where id = 7", "insert into shop.orders values (7, 7, 10.5)"},
		{"one row more", "insert into shop.orders values (21, 1, 1)", "delete from shop.orders where id = 21"},
		{"one row changed", "update shop.orders set total = 0 where id = 7", "update shop.orders set total = 10.5 where id = 7"},
		{
			"a row twice instead of another", "update shop.twins set n = 2 where ctid = (select min(ctid) from shop.twins where n = 1)",
			"truncate shop.twins; insert into shop.twins values (1), (1), (2)",
		},
		{
			"values of two rows exchanged", "update shop.orders set total = case id when 7 then 12 else 10.5 end where id in (7, 8)",
			"update shop.orders set total = id * 1.5",
		},
		{"null instead of empty", "update shop.people set name = null where id = 3", "update shop.people set name = 'person 3' where id = 3"},
		{"a sequence behind", "select setval('shop.numbers', 999)", "select setval('shop.numbers', 1000)"},
		{
			"a sequence missing", "drop sequence shop.numbers",
			"create sequence shop.numbers; alter sequence shop.numbers owner to bench_owner; select setval('shop.numbers', 1000)",
		},
		{"a large object missing", "select lo_unlink(5002)", "select lo_from_bytea(5002, 'another')"},
		{"a large object changed", "select lo_put(5001, 0, 'A')", "select lo_put(5001, 0, 'a')"},
		{"an index missing", "drop index shop.orders_total", "set role bench_owner; create index orders_total on shop.orders (total)"},
		{
			"a key missing", "alter table shop.orders drop constraint orders_person_fkey",
			"alter table shop.orders add foreign key (person) references shop.people (id)",
		},
		{"a default missing", "alter table shop.orders alter total drop default", "alter table shop.orders alter total set default 0"},
		{"a column under another name", "alter table shop.twins rename n to m", "alter table shop.twins rename m to n"},
		{
			"a view that shows other rows", "create or replace view shop.big as select id from shop.orders where total > 11",
			"create or replace view shop.big as select id from shop.orders where total > 10",
		},
		{"a trigger switched off", "alter table shop.orders disable trigger touched", "alter table shop.orders enable trigger touched"},
		{
			"a function with another body", "create or replace function shop.touch() returns trigger language plpgsql as $f$ begin return null;end $f$",
			"create or replace function shop.touch() returns trigger language plpgsql as $f$ begin return new;end $f$",
		},
		{"row-level security off", "alter table shop.people disable row level security", "alter table shop.people enable row level security"},
		{"a policy wider", "alter policy some_people on shop.people using (true)", "alter policy some_people on shop.people using (id < 5)"},
		{"a grant missing", "revoke select on shop.orders from moment_reader", "grant select on shop.orders to moment_reader"},
		{"a grant more", "grant delete on shop.orders to moment_reader", "revoke delete on shop.orders from moment_reader"},
		{"another owner", "alter table shop.twins owner to postgres", "alter table shop.twins owner to bench_owner"},
		{"a comment missing", "comment on table shop.orders is null", "comment on table shop.orders is 'who bought'"},
		// Nothing takes a label away again, so this one is last.
		{"an enum with one label more", "alter type shop.mood add value 'happy'", ""},
	}
}

// harmless are changes that a restore may show and that a drill must let pass.
func harmless() []moment {
	return []moment{
		{"rows in another order", `create table shop.kept as select * from shop.orders; delete from shop.orders;
			insert into shop.orders select * from shop.kept order by id desc; drop table shop.kept`, ""},
		{"an index built anew", "reindex table shop.orders", ""},
		{"another physical layout", "update shop.orders set total = total; vacuum full shop.orders", ""},
		{"rows clustered by an index", "cluster shop.orders using orders_total; alter table shop.orders set without cluster", ""},
		{"other statistics", "analyze", ""},
		{"dead rows", "begin; insert into shop.orders values (99, 1, 1); rollback", ""},
		{"a column that was and is gone", "alter table shop.twins add gone text default 'x'; alter table shop.twins drop gone", ""},
		{"a table's other number", `create table shop.again (like shop.empty); alter table shop.again owner to bench_owner;
			drop table shop.empty; alter table shop.again rename to empty`, ""},
		{"a grant given anew", "revoke select on shop.orders from moment_reader; grant select on shop.orders to moment_reader", ""},
	}
}

// oneByOne runs statements one by one: some of them may not stand in a transaction.
func oneByOne(t *testing.T, at, sql string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	for statement := range strings.SplitSeq(sql, "; ") {
		if _, err := conn.PgConn().Exec(t.Context(), statement).ReadAll(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// exchanged takes the source before and after a change, and puts the later archive
// under the earlier manifest, signed.
func exchanged(t *testing.T, b *backuptest.Bench, m moment, day time.Time) string {
	t.Helper()

	id := b.Take(t, day.Format(time.DateOnly)).ID
	oneByOne(t, b.Source, m.change)

	later := b.Take(t, day.AddDate(1, 0, 0).Format(time.DateOnly))

	document, err := manifest.Open(b.Read(t, later.ManifestObject, later.ManifestGen), b.Driller.Verifier)
	if err != nil {
		t.Fatal(err)
	}

	forge(t, b, id, func(earlier *manifest.Manifest) { earlier.Archive = document.Archive })

	if m.back != "" {
		oneByOne(t, b.Source, m.back)
	}

	return id
}

// An archive that is whole, genuine and signed, of a moment that differs by one
// thing: the comparison sees it.
func TestAnArchiveOfAnotherMomentIsRefused(t *testing.T) { //nolint:tparallel // the cases share one source
	t.Parallel()

	b := backuptest.New(t, moments)
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	for i, c := range lossy() {
		t.Run(c.name, func(t *testing.T) {
			id := exchanged(t, b, c, first.AddDate(0, 0, i))
			if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.ContentDiffers) {
				t.Errorf("%v", err)
			}

			if row := b.Row(t, id); row.State != catalogue.Bad || b.Ledger(t, id)["backup.drilled"] != 0 {
				t.Errorf("%+v", row)
			}
		})
	}
}

// What is no difference of content is none: nobody is called for it.
func TestHarmlessDifferencesPass(t *testing.T) { //nolint:tparallel // as above
	t.Parallel()

	b := backuptest.New(t, moments)
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	for i, c := range harmless() {
		t.Run(c.name, func(t *testing.T) {
			id := exchanged(t, b, c, first.AddDate(0, 0, i))
			if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
				t.Errorf("%+v, %v", drilled, err)
			}
		})
	}

	for name, change := range harmlessForms(b) {
		t.Run(name, func(t *testing.T) {
			id := b.Take(t, first.AddDate(0, 1, len(name)).Format(time.DateOnly)).ID
			change(t, id)

			if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
				t.Errorf("%+v, %v", drilled, err)
			}
		})
	}
}

// harmlessForms are manifests and objects in another form with the same meaning.
func harmlessForms(b *backuptest.Bench) map[string]func(*testing.T, string) {
	return map[string]func(*testing.T, string){
		"a signature more, of somebody unknown": func(t *testing.T, id string) {
			t.Helper()

			row := b.Row(t, id)
			stored := b.Read(t, row.ManifestObject, row.ManifestGen)
			name(t, b, id, append(stored, "— somebody.example AAAAAGFub3RoZXIgc2lnbmF0dXJl\n"...))
		},
		"the same archive encrypted once more": func(t *testing.T, id string) {
			t.Helper()
			forge(t, b, id, func(m *manifest.Manifest) {
				genuine(t, b, &m.Archive, plaintext(t, b, m.Archive), append([]age.Recipient{stranger(t)}, b.Taker.Recipients...)...)
			})
		},
		"objects under other names": func(t *testing.T, id string) {
			t.Helper()
			forge(t, b, id, func(m *manifest.Manifest) {
				for _, stored := range []*manifest.Stored{&m.Archive, &m.Globals} {
					made := put(t, b, b.Read(t, stored.Object, stored.Generation))
					stored.Object, stored.Generation = made.Name, made.Generation
				}
			})
		},
		"an object beside them that nobody named": func(t *testing.T, id string) {
			t.Helper()

			row := b.Row(t, id)
			if _, err := b.Bucket.Put(t.Context(), row.ManifestObject+".bak", strings.NewReader("x"), gcs.PutOptions{}); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// The numbers that docs/backup.md gives.
func TestTheWaysAreCounted(t *testing.T) {
	t.Parallel()

	wrong := len(mutations()) + len(lossy())
	right := len(harmless()) + len(harmlessForms(nil))
	early := 0

	for _, m := range mutations() {
		if m.early {
			early++
		}
	}

	t.Logf("%d ways to damage a backup are refused, %d of them before pg_restore runs; %d harmless differences pass", wrong, early, right)

	if says := fmt.Sprintf("**%d ways** to damage a backup are refused, %d of them before `pg_restore` runs; **%d harmless\ndifferences** pass",
		wrong, early, right); !strings.Contains(page(t), says) {
		t.Errorf("docs/backup.md does not say: %s", says)
	}
}
