package drill_test

import (
	"strings"
	"testing"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/manifest"
	"steward/internal/pgtest"
)

// documentOf reads the manifest of a taken backup.
func documentOf(t *testing.T, b *backuptest.Bench, taken catalogue.Backup) manifest.Manifest {
	t.Helper()

	document, err := manifest.Open(b.Read(t, taken.ManifestObject, taken.ManifestGen), b.Driller.Verifier)
	if err != nil {
		t.Fatal(err)
	}

	return document
}

// What is neither a table with rows nor plain: each kind is dumped, restored and
// compared, or is said not to be.
func TestKindsOfThings(t *testing.T) { //nolint:tparallel // each has its own bench, one after the other
	t.Parallel()

	for name, c := range map[string]struct {
		sql  string
		want func(content.Description) bool
	}{
		"empty database": {"", func(d content.Description) bool {
			return len(d.Tables) == 0 && d.Rows() == 0
		}},
		"empty table": {"create table nothing (n int)", func(d content.Description) bool {
			return len(d.Tables) == 1 && d.Rows() == 0
		}},
		"unlogged table": {"create unlogged table fast (n int); insert into fast values (1), (2)", func(d content.Description) bool {
			return d.Rows() == 2
		}},
		"large objects": {
			`select lo_from_bytea(0, 'one'), lo_from_bytea(0, convert_to(repeat('x', 100000), 'UTF8')), lo_creat(-1)`,
			func(d content.Description) bool { return d.LargeObjects.Rows == 3 },
		},
		"partitions": {`create table parent (month date, n int) partition by range (month);
			create table sub partition of parent for values from ('2026-01-01') to ('2026-07-01') partition by list (n);
			create table leaf partition of sub for values in (1); create table rest partition of parent default;
			insert into parent values ('2026-01-01', 1), ('2026-12-01', 9)`, func(d content.Description) bool {
			return len(d.Tables) == 2 && d.Rows() == 2 // rows lie in the leaves
		}},
		// A restore computes it anew: a stale one is no damage.
		"stale materialized view": {`create table base (n int); insert into base values (1);
			create materialized view seen as select * from base; insert into base values (2)`, func(d content.Description) bool {
			return len(d.Tables) == 1 && d.Rows() == 2
		}},
		"materialized view without data": {
			`create table base (n int); create materialized view seen as select * from base with no data`,
			func(d content.Description) bool { return len(d.Tables) == 1 },
		},
		// Its rows are another database's; its definition is ours.
		"foreign table": {`do $$ begin create role edge_owner; exception when duplicate_object or unique_violation then null; end $$;
			create extension postgres_fdw; create server away foreign data wrapper postgres_fdw options (host '127.0.0.1', port '1');
			create user mapping for edge_owner server away options (user 'nobody', password 'hunter2');
			grant usage on foreign data wrapper postgres_fdw to edge_owner; grant usage on foreign server away to edge_owner;
			grant create on schema public to edge_owner;
			set role edge_owner; create foreign table far (n int) server away options (table_name 'x'); create table near (n int);
			insert into near values (1)`, func(d content.Description) bool {
			return len(d.Tables) == 1 && d.Rows() == 1
		}},
		"foreign server of an ordinary owner": {`do $$ begin create role edge_owner; exception when duplicate_object or unique_violation then null; end $$;
			create extension postgres_fdw; grant usage on foreign data wrapper postgres_fdw to edge_owner;
			set role edge_owner; create server away foreign data wrapper postgres_fdw`, func(d content.Description) bool {
			return len(d.Tables) == 0
		}},
		"forced row-level security": {`do $$ begin create role edge_owner; exception when duplicate_object or unique_violation then null; end $$;
			create table mine (n int); insert into mine values (1), (2); alter table mine owner to edge_owner;
			alter table mine enable row level security; alter table mine force row level security;
			create policy one on mine using (n = 1)`, func(d content.Description) bool { return d.Rows() == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			b := backuptest.New(t, c.sql)
			taken := b.Take(t, "2026-11-22")

			if described := documentOf(t, b, taken).Content; !c.want(described) {
				t.Errorf("described as %+v", described)
			}

			if drilled, err := b.Driller.Drill(t.Context(), taken.ID); err != nil || drilled.State != catalogue.Drilled {
				t.Errorf("%+v, %v", drilled, err)
			}

			b.CheckNothingLeft(t)
		})
	}
}

// An unlogged table is empty after a crash of its server; the backup of the day
// after says so, and that of the day before still has the rows.
func TestAnUnloggedTableAfterACrash(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, "create unlogged table fast (n int); insert into fast values (1), (2)")

	if before := b.Drilled(t, "2026-11-22"); before.Rows != 2 {
		t.Errorf("%+v", before)
	}

	// What recovery does to an unlogged table.
	backuptest.Exec(t, b.Source, "truncate fast")

	if after := b.Drilled(t, "2026-11-23"); after.Rows != 0 {
		t.Errorf("%+v", after)
	}
}

// A drill cluster that lacks an extension says which, condemns nothing, and proves
// the same backup once it has it.
func TestAnExtensionMissingInTheDrillCluster(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	taken := b.Take(t, "2026-11-22")
	genuine := b.Read(t, taken.ManifestObject, taken.ManifestGen)

	forge(t, b, taken.ID, func(m *manifest.Manifest) {
		m.Content.Extensions = append(m.Content.Extensions, content.Extension{Name: "made_up", Version: "1.2", Schema: "public", Owner: "postgres"})
	})

	_, err := b.Driller.Drill(t.Context(), taken.ID)
	if !failure.Is(err, failure.ExtensionMissing) || !strings.Contains(err.Error(), `"made_up" 1.2`) {
		t.Errorf("%v", err)
	}

	if row := b.Row(t, taken.ID); row.State != catalogue.Taken {
		t.Errorf("it was condemned: %+v", row)
	}

	name(t, b, taken.ID, genuine)

	if drilled, err := b.Driller.Drill(t.Context(), taken.ID); err != nil || drilled.State != catalogue.Drilled {
		t.Errorf("%+v, %v", drilled, err)
	}
}

// Between the days the source gets roles, an extension and an owner that it had
// not: each day's drill makes what that day's manifest names.
func TestRolesAndExtensionsChangeBetweenDays(t *testing.T) {
	t.Parallel()

	cluster := pgtest.Own(t)

	b := backuptest.New(t, "")
	b.Taker.Source = cluster.Database(t)
	backuptest.Exec(t, b.Taker.Source, "create role leaves; create table kept (n int); alter table kept owner to leaves")
	b.Drilled(t, "2026-11-22")

	backuptest.Exec(t, b.Taker.Source, `create role comes superuser; reassign owned by leaves to comes; drop owned by leaves; drop role leaves;
		create extension hstore; create table more (h hstore)`)

	if after := documentOf(t, b, b.Drilled(t, "2026-11-23")); len(after.Content.Extensions) != 1 {
		t.Errorf("%+v", after.Content.Extensions)
	}

	b.CheckNothingLeft(t)
}

// What only a superuser can make is not proven by a restore without powers, and is
// not passed over either.
func TestWhatOnlyASuperuserMakesIsRefused(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, `create function told() returns event_trigger language plpgsql as $f$ begin end $f$;
		create event trigger watched on ddl_command_end execute function told()`)
	id := b.Take(t, "2026-11-22").ID

	if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.RestoreFailed) || !strings.Contains(err.Error(), "superuser") &&
		!strings.Contains(err.Error(), "permission") {
		t.Errorf("%v", err)
	}
}
