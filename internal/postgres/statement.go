package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/faults"
)

// Tx is one transaction; it is not safe for concurrent use.
type Tx struct{ raw pgx.Tx }

// Exec implements Queryer.
func (tx Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return exec(ctx, tx.raw, sql, args)
}

// Query implements Queryer.
func (tx Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return query(ctx, tx.raw, sql, args)
}

// QueryRow implements Queryer.
func (tx Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return queryRow(ctx, tx.raw, sql, args)
}

// executor is what a pool and a pgx transaction have in common.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func exec(ctx context.Context, on executor, sql string, args []any) (int64, error) {
	var tag pgconn.CommandTag

	err := faults.Do(ctx, faults.SQL, verb(sql), func(ctx context.Context) error {
		var err error

		tag, err = on.Exec(ctx, sql, args...)

		return err
	})

	return tag.RowsAffected(), err
}

func query(ctx context.Context, on executor, sql string, args []any) (pgx.Rows, error) {
	var rows pgx.Rows

	err := faults.Do(ctx, faults.SQL, verb(sql), func(ctx context.Context) error {
		var err error

		rows, err = on.Query(ctx, sql, args...) // handed to the caller, or closed below

		return err
	})
	if err != nil && rows != nil {
		rows.Close()
	}

	return rows, err
}

// deferredRow reads its row inside the gate and gives the error at Scan, where
// pgx callers look for it.
type deferredRow func(dest ...any) error

// Scan implements pgx.Row.
func (r deferredRow) Scan(dest ...any) error { return r(dest...) }

func queryRow(ctx context.Context, on executor, sql string, args []any) pgx.Row {
	return deferredRow(func(dest ...any) error {
		return faults.Do(ctx, faults.SQL, verb(sql), func(ctx context.Context) error {
			return on.QueryRow(ctx, sql, args...).Scan(dest...)
		})
	})
}

// verb is the first word of a statement: enough to name a fault point, and
// never data.
func verb(sql string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")

	return strings.ToLower(strings.TrimSpace(word))
}

// Conn gives one connection of the caller's own the shape of a Queryer, gate
// included. It is not safe for concurrent use.
type Conn struct{ raw *pgx.Conn }

// On wraps a connection; the caller still closes it.
func On(raw *pgx.Conn) Conn { return Conn{raw: raw} }

// Exec implements Queryer.
func (c Conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return exec(ctx, c.raw, sql, args)
}

// Query implements Queryer.
func (c Conn) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return query(ctx, c.raw, sql, args)
}

// QueryRow implements Queryer.
func (c Conn) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return queryRow(ctx, c.raw, sql, args)
}
