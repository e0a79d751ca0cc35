package backup

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/faults"
	"steward/internal/postgres"
)

// helper is a second look at the source's snapshot, for one goroutine. Its first
// use waits until the dump has ended: beside a dump it would only take from it, but
// the description of a large database takes longer, and then a processor is free,
// and so is pg_dump's place among the connections that a role may have.
type helper struct {
	url      string
	snapshot string          // stays valid while the transaction that exported it is open
	dumped   <-chan struct{} // closed when the dump has ended
	conn     *pgx.Conn       // nil before the first use
}

// open waits, connects, and takes over the snapshot.
func (h *helper) open(ctx context.Context) error {
	if h.conn != nil {
		return nil
	}

	select {
	case <-h.dumped:
	case <-ctx.Done():
		return ctx.Err()
	}

	err := faults.Do(ctx, faults.SQL, "connect", func(ctx context.Context) (err error) {
		h.conn, err = pgx.Connect(ctx, h.url)

		return err //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return fmt.Errorf("reaching the source: %w", err)
	}

	q := postgres.On(h.conn)
	if _, err := q.Exec(ctx, "begin read only, isolation level repeatable read"); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}

	// The name comes from the server; it has no quote in it.
	if _, err := q.Exec(ctx, "set transaction snapshot '"+h.snapshot+"'"); err != nil {
		return fmt.Errorf("sharing the snapshot: %w", err)
	}

	return nil
}

func (h *helper) close(ctx context.Context) { (&source{conn: h.conn}).close(ctx) }

// Exec implements postgres.Queryer. It is the first that a description calls, to
// pin the session.
func (h *helper) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := h.open(ctx); err != nil {
		return 0, err
	}

	return postgres.On(h.conn).Exec(ctx, sql, args...)
}

// Query implements postgres.Queryer, after Exec.
func (h *helper) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return postgres.On(h.conn).Query(ctx, sql, args...) //nolint:rowserrcheck // handed to the caller
}

// QueryRow implements postgres.Queryer, after Exec.
func (h *helper) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return postgres.On(h.conn).QueryRow(ctx, sql, args...)
}
