// Package session is one connection to a company's database for the time of one step of an
// erasure: values are written as texts in one way, row-level security hides nothing, and
// tables of its own live until it ends.
package session

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"steward/internal/erasure/atwork"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// closeTimeout is how long saying goodbye to the server may take.
const closeTimeout = 5 * time.Second

// Session is one connection. It is for one goroutine.
type Session struct {
	postgres.Conn

	raw *pgxpool.Conn
	// pid is the backend; unwatch ends the goroutine that looks at it, and watched is closed when it has ended.
	pid     uint32
	unwatch context.CancelFunc
	watched chan struct{}
}

// Open takes a connection and sets it up. Where somebody waits to be told (atwork), they are told while the server is busy
// with it, until Close. It fails with Unavailable.
func Open(ctx context.Context, db *postgres.DB) (*Session, error) { return open(ctx, db, lookEvery) }

func open(ctx context.Context, db *postgres.DB, every time.Duration) (*Session, error) {
	raw, err := db.Pool().Acquire(ctx)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "connecting for an erasure", err)
	}

	s := &Session{Conn: postgres.On(raw.Conn()), raw: raw, pid: raw.Conn().PgConn().PID(), unwatch: func() {}, watched: make(chan struct{})}

	if _, err := s.Exec(ctx, pins()); err != nil {
		close(s.watched)
		s.Close(ctx)

		return nil, failure.Wrap(failure.Unavailable, "setting up a session for an erasure", err)
	}

	if atwork.Asked(ctx) {
		watching, stop := context.WithCancel(ctx)
		s.unwatch = stop

		go func() {
			defer close(s.watched)

			s.watch(watching, db, every)
		}()
	} else {
		close(s.watched)
	}

	return s, nil
}

// pins shape how values look as texts, as they do for backups. The search path is left as the app has it: its
// triggers may need it. With row_security off the server refuses a statement that a policy would narrow. With jit on it would compile
// statements over the catalogue, of whose rows it expects a thousand times too many, for seconds each (seen at 300 tables).
func pins() string {
	settings := [][2]string{
		{"application_name", "steward erasure"},
		{"datestyle", "ISO, YMD"},
		{"intervalstyle", "iso_8601"},
		{"timezone", "UTC"},
		{"extra_float_digits", "3"},
		{"bytea_output", "hex"},
		{"lc_monetary", "C"},
		{"row_security", "off"},
		{"idle_in_transaction_session_timeout", "0"},
		{"client_min_messages", "warning"},
		{"jit", "off"},
	}

	calls := make([]string, len(settings))
	for i, setting := range settings {
		calls[i] = fmt.Sprintf("pg_catalog.set_config('%s', '%s', false)", setting[0], setting[1])
	}

	return "select " + strings.Join(calls, ", ")
}

// Raw is the connection itself, for COPY. What is done with it does not pass the fault gate.
func (s *Session) Raw() *pgx.Conn { return s.raw.Conn() }

// leave takes back what a session has set and made.
const leave = `reset all; discard temp`

// idle is what a connection says of itself on which no transaction is open.
const idle = 'I'

// Close drops the session's tables and takes its settings back, so that the next who takes the connection finds it as it
// was, and the server need not learn the schema anew for each step. A connection that cannot do so is ended, and all of
// that with it.
func (s *Session) Close(ctx context.Context) {
	s.unwatch()
	<-s.watched

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	defer s.raw.Release()

	if !s.left(ctx) {
		_ = s.raw.Conn().Close(ctx) //nolint:errcheck // the server ends the session when the connection goes
	}
}

// left says whether the connection is as it was before. What was prepared goes too: it may name tables of the session,
// and the next who makes one of that name gives it other columns.
func (s *Session) left(ctx context.Context) bool {
	conn := s.raw.Conn()
	if conn.IsClosed() || conn.PgConn().TxStatus() != idle {
		return false
	}

	if _, err := s.Exec(ctx, leave); err != nil {
		return false
	}

	return conn.DeallocateAll(ctx) == nil
}

// Snapshot is how a transaction begins that sees one instant; it may fill the session's own tables.
const Snapshot = "begin isolation level repeatable read"

// InTx runs work between begin, a statement, and a commit. If work fails, all is undone. If the commit
// fails, nobody knows whether it took place.
func (s *Session) InTx(ctx context.Context, begin string, work func(context.Context) error) error {
	if _, err := s.Exec(ctx, begin); err != nil {
		s.rollback(ctx)

		return fmt.Errorf("beginning a transaction: %w", err)
	}

	if err := work(ctx); err != nil {
		s.rollback(ctx)

		return err
	}

	if _, err := s.Exec(ctx, "commit"); err != nil {
		s.rollback(ctx)

		return fmt.Errorf("committing: %w", err)
	}

	return nil
}

// rollback undoes even when the caller's context has ended.
func (s *Session) rollback(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()

	_, _ = s.Exec(ctx, "rollback") //nolint:errcheck // the server rolls back when the connection goes
}
