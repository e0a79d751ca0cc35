// Package postgres speaks to PostgreSQL: a small pool whose every statement
// passes the fault gate. It knows nothing of promises or of Temporal.
package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"steward/internal/failure"
	"steward/internal/faults"
)

// maxConnections bounds one process: the work of a worker is a few long
// statements, not many short ones.
const maxConnections = 8

// connectTimeout is how long one connection may take. A server on the same
// network answers in milliseconds; five seconds is gone, not slow.
const connectTimeout = 5 * time.Second

// Queryer is what a DB and a Tx have in common. Each call is one statement.
// Errors are those of pgx, unchanged.
type Queryer interface {
	// Exec runs a statement and tells how many rows it touched.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Query runs a statement; the caller closes the rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	// QueryRow runs a statement that gives one row; Scan reports the error.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// DB is a pool of connections to one database. It is safe for concurrent use.
type DB struct{ pool *pgxpool.Pool }

// Open connects to the database at url, lazily: nothing is sent yet. It fails
// with ConfigInvalid if url cannot be read; the url is not repeated, since it
// may hold a password.
func Open(ctx context.Context, url string) (*DB, error) { return OpenSized(ctx, url, maxConnections) }

// OpenSized is Open with a pool of at most so many connections: for a process whose
// work is many short statements at once.
func OpenSized(ctx context.Context, url string, connections int32) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, failure.New(failure.ConfigInvalid, "reading a database URL")
	}

	config.MaxConns = connections
	config.ConnConfig.ConnectTimeout = connectTimeout

	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "opening the database pool", err)
	}

	return &DB{pool: pool}, nil
}

// Close ends all connections and waits for those in use.
func (db *DB) Close() { db.pool.Close() }

// Pool gives the pool itself, for COPY and for connections of one's own. What
// is done with it does not pass the fault gate.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Exec implements Queryer.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return exec(ctx, db.pool, sql, args)
}

// Query implements Queryer.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return query(ctx, db.pool, sql, args)
}

// QueryRow implements Queryer.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return queryRow(ctx, db.pool, sql, args)
}

// Ping asks the server for an answer; it fails with Unavailable.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.Exec(ctx, "select 1")

	return failure.Wrap(failure.Unavailable, "asking the database", err)
}

// InTx runs work in one transaction and commits it, or rolls it back if work
// fails. If the commit itself fails, its outcome is unknown to the caller.
func (db *DB) InTx(ctx context.Context, work func(context.Context, Tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{}, work)
}

// InSnapshot runs work in a read-only transaction that sees one instant of the
// database (REPEATABLE READ).
func (db *DB) InSnapshot(ctx context.Context, work func(context.Context, Tx) error) error {
	return db.inTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, work)
}

func (db *DB) inTx(ctx context.Context, options pgx.TxOptions, work func(context.Context, Tx) error) (err error) {
	var raw pgx.Tx

	err = faults.Do(ctx, faults.SQL, "begin", func(ctx context.Context) error {
		raw, err = db.pool.BeginTx(ctx, options) //nolint:unqueryvet // committed at the end, else rolled back by the deferred call

		return err //nolint:wrapcheck // wrapped below
	})

	defer func() {
		if err != nil && raw != nil {
			rollback(ctx, raw)
		}
	}()

	if err != nil {
		return fmt.Errorf("beginning a transaction: %w", err)
	}

	err = work(ctx, Tx{raw: raw})
	if err != nil {
		return err
	}

	err = faults.Do(ctx, faults.SQL, "commit", raw.Commit)
	if err != nil {
		return fmt.Errorf("committing: %w", err)
	}

	return nil
}

// rollback undoes a transaction even when the caller's context has ended.
func rollback(ctx context.Context, raw pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
	defer cancel()

	_ = raw.Rollback(ctx) //nolint:errcheck // the server rolls back when the connection goes
}
