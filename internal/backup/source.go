package backup

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/manifest"
	"steward/internal/pgtools"
	"steward/internal/postgres"
)

// closeTimeout bounds the goodbye to the source; the server ends the
// transaction by itself when the connection goes.
const closeTimeout = 5 * time.Second

// source is the database to back up, with one transaction open on it whose
// snapshot everybody sees.
type source struct {
	url      string
	password string
	conn     *pgx.Conn
	snapshot string
	lsn      string
	system   string
	version  int
	owner    string
	roles    []manifest.Role
	tables   int64 // bytes of all tables by the last count of their pages; 0 if unknown
}

// openSource connects, opens a read-only transaction, and exports its snapshot.
func openSource(ctx context.Context, at string) (*source, error) {
	bare, password, err := postgres.WithoutSecrets(at)
	if err != nil {
		return nil, fmt.Errorf("opening the source: %w", err)
	}

	from := &source{url: bare, password: password}

	err = faults.Do(ctx, faults.SQL, "connect", func(ctx context.Context) (err error) {
		from.conn, err = pgx.Connect(ctx, at)

		return err //nolint:wrapcheck // wrapped below
	})
	if err == nil {
		err = from.begin(ctx)
	}

	if err != nil {
		from.close(ctx)

		return nil, failure.Wrap(failure.Unavailable, "opening a snapshot of the source", err)
	}

	return from, nil
}

func (s *source) begin(ctx context.Context) error {
	if _, err := s.Exec(ctx, "begin read only, isolation level repeatable read"); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}

	err := s.QueryRow(ctx, `select pg_export_snapshot(),
		(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text,
		(select system_identifier::text from pg_control_system()), current_setting('server_version_num')::int,
		(select pg_get_userbyid(datdba) from pg_database where datname = current_database()),
		(select coalesce(sum(relpages::bigint), 0) * current_setting('block_size')::bigint
			from pg_class where relkind in ('r', 'm', 't'))::bigint`).
		Scan(&s.snapshot, &s.lsn, &s.system, &s.version, &s.owner, &s.tables)
	if err != nil {
		return fmt.Errorf("exporting the snapshot: %w", err)
	}

	rows, err := s.Query(ctx, `select r.rolname, array(select g.rolname::text from pg_auth_members as m
		join pg_roles as g on g.oid = m.roleid where m.member = r.oid order by 1), r.rolsuper
		from pg_roles as r where r.rolname not like 'pg\_%' order by 1`)
	if err != nil {
		return fmt.Errorf("reading the roles: %w", err)
	}

	s.roles, err = pgx.CollectRows(rows, pgx.RowToStructByPos[manifest.Role])
	if err != nil {
		return fmt.Errorf("reading the roles: %w", err)
	}

	return nil
}

// sequencesNow gives where the sequences stand at this moment.
func (s *source) sequencesNow(ctx context.Context) ([]content.Sequence, error) {
	sequences, err := content.Sequences(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("looking at the source: %w", err)
	}

	return sequences, nil
}

func (s *source) close(ctx context.Context) {
	if s.conn == nil {
		return
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	_ = s.conn.Close(ctx) //nolint:errcheck // the transaction was only read from; there is nothing to lose
}

// Exec implements postgres.Queryer.
func (s *source) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return postgres.On(s.conn).Exec(ctx, sql, args...)
}

// Query implements postgres.Queryer.
func (s *source) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return postgres.On(s.conn).Query(ctx, sql, args...) //nolint:rowserrcheck // handed to the caller
}

// QueryRow implements postgres.Queryer.
func (s *source) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return postgres.On(s.conn).QueryRow(ctx, sql, args...)
}

// findTools finds the programs that fit the server.
func findTools(ctx context.Context, dir string, serverVersion int, refuseVulnerable bool) (pgtools.Tools, error) {
	tools, err := pgtools.Find(ctx, dir, pgtools.FromNumber(serverVersion).Major)
	if err != nil {
		return pgtools.Tools{}, fmt.Errorf("choosing the programs: %w", err)
	}

	if refuseVulnerable && tools.Version.Vulnerable() {
		return pgtools.Tools{}, failure.New(failure.ClientVulnerable, "using pg_dump "+tools.Version.String())
	}

	return tools, nil
}
