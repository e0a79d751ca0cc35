package harness

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"steward/internal/schema"
)

// The logins of the workers, with the rights that docs/keys.md gives them. Roles
// belong to the whole cluster and stand in each backup's globals, so all of them
// are made before the first world.
const rolesSQL = `
create role steward_core nologin;
create role steward_backup nologin;
create role steward_drill nologin;
create role steward_vendors nologin;
create role steward_erase nologin;
create role steward_api nologin;
create role test_core login in role steward_core;
create role test_backup login bypassrls in role steward_backup, pg_read_all_data;
create role test_core_backup login bypassrls in role steward_core, steward_backup, pg_read_all_data;
create role test_drill login in role steward_drill;
create role test_vendors login in role steward_vendors;
create role test_api login in role steward_api;
create role shop_owner nologin;
create role test_erase login bypassrls in role steward_erase, shop_owner;
create role app_owner nologin;
create role app_rw nologin;
create role app_ro nologin;
`

// smallApp is a source with one of each thing that a backup has to get right, so
// small that a run takes about a second.
const smallApp = `
alter database %[1]s owner to shop_owner;
create schema shop authorization shop_owner;
set role shop_owner;
create table shop.people (id bigint generated always as identity primary key, "Full Name" text not null, note jsonb);
create table shop.orders (id bigint primary key, person bigint not null references shop.people, cents bigint check (cents >= 0));
create table shop.visits (month date not null, seen int not null, primary key (month, seen)) partition by range (month);
create table shop.visits_11 partition of shop.visits for values from ('2026-11-01') to ('2026-12-01');
create sequence shop.numbers;
alter table shop.people enable row level security;
alter table shop.people force row level security;
create view shop.cheap as select id from shop.orders where cents < 100;
reset role;
insert into shop.people ("Full Name", note) select 'person ' || n, jsonb_build_object('n', n) from generate_series(1, 40) as n;
insert into shop.orders select n, 41 - n, n * 17 from generate_series(1, 40) as n;
insert into shop.visits values ('2026-11-03', 1), ('2026-11-04', 2);
select setval('shop.numbers', 77);
do $$ declare made oid; begin
	made := lo_from_bytea(0, 'a large object');
	execute format('alter large object %%s owner to shop_owner', made);
	execute format('grant select on large object %%s to steward_backup', made);
end $$;
`

func makeRoles(ctx context.Context, admin string) error {
	if err := Exec(ctx, admin, rolesSQL); err != nil {
		return fmt.Errorf("making the roles: %w", err)
	}
	return nil
}

// Exec runs statements on a connection of its own, with the simple protocol.
func Exec(ctx context.Context, at, sql string) error {
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	_, err = conn.PgConn().Exec(ctx, sql).ReadAll()
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("running a statement: %w", err)
	}
	return nil
}

// Rows reads the texts of one column. It keeps its connections for a while: a look
// through a world asks dozens of times.
func Rows(ctx context.Context, at, sql string, args ...any) ([]string, error) {
	pool, err := shared.reader(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	found, err := readRows(ctx, pool, sql, args)
	if refused, asked := errors.AsType[*pgconn.PgError](err); err != nil && (!asked || refused.Code == endedByAdmin) && ctx.Err() == nil {
		// What it kept may be of a server that was killed since, or ended by a test.
		pool.Reset()
		found, err = readRows(ctx, pool, sql, args)
	}
	return found, err
}

// endedByAdmin is what pg_terminate_backend leaves to say.
const endedByAdmin = "57P01"

func readRows(ctx context.Context, pool *pgxpool.Pool, sql string, args []any) ([]string, error) {
	rows, err := pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	return found, nil
}

const (
	// readers is how many connections Rows has to one database: one for each goroutine
	// of a test that reads.
	readers = 2
	// readerIdle is how long one waits for the next look.
	readerIdle = 10 * time.Second
)

// reader gives the connections of Rows to one database.
func (m *machine) reader(ctx context.Context, at string) (*pgxpool.Pool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pool, there := m.readers[at]; there {
		return pool, nil
	}
	config, err := pgxpool.ParseConfig(at)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by the only caller
	}
	config.MaxConns, config.MinConns, config.MaxConnIdleTime, config.HealthCheckPeriod = readers, 0, readerIdle, readerIdle
	// A statement that was prepared does not outlive a change of its tables.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), config)
	if err != nil {
		return nil, err //nolint:wrapcheck // wrapped by the only caller
	}
	m.readers[at] = pool
	return pool, nil
}

// makeDatabases gives the world its app and steward database.
func (w *World) makeDatabases(t testing.TB, fill func(ctx context.Context, admin string) error) {
	t.Helper()
	if w.Main == nil {
		w.AppURL, w.StewardURL = shared.main.Database(t), shared.main.Steward(t)
	} else {
		// One database is cheaper to migrate than to make a template of, and the disk is small.
		w.AppURL, w.StewardURL = w.Main.Database(t), w.Main.Database(t)
		if _, err := schema.Migrate(t.Context(), w.StewardURL); err != nil {
			t.Fatal("migrating: ", err)
		}
	}
	if fill == nil {
		fill = fillSmall
	}
	if err := fill(t.Context(), w.AppURL); err != nil {
		t.Fatal("filling the app: ", err)
	}
}

func fillSmall(ctx context.Context, admin string) error {
	at, err := url.Parse(admin)
	if err != nil {
		return fmt.Errorf("reading a URL: %w", err)
	}
	return Exec(ctx, admin, fmt.Sprintf(smallApp, pgx.Identifier{at.Path[1:]}.Sanitize()))
}

// as gives a database's URL for another login, through another address if that
// is not empty.
func as(at, login, address string) string {
	parsed, err := url.Parse(at)
	if err != nil {
		return at
	}
	parsed.User = url.User(login)
	if address != "" {
		parsed.Host = address
	}
	return parsed.String()
}
