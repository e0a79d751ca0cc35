package demoapp

import (
	"context"
	_ "embed" // The script that moves the sequences on is embedded.
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed sync_sequences.sql
var syncSequences string

// ErrFilled says that the database holds data already; Filled tells which.
var ErrFilled = errors.New("the demo app is filled already")

// Progress is told how many rows of a table have been sent so far. It is called from one goroutine at a time.
type Progress func(table string, rows int64)

// Fill invents the data of size in the database at url, where Install has run; url must name a role that row-level
// security does not bind and that may put off foreign key checks: a superuser.
//
// All of it is one transaction: a crash leaves the database empty, and the row in app.demo_fill that Filled reads
// appears together with the data. Memory does not grow with the number of displays. It returns ErrSize for a size that
// is too small, ErrFilled when there is data.
func Fill(ctx context.Context, url string, size Size, progress func(table string, rows int64)) error {
	if err := size.check(); err != nil {
		return err
	}
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	if progress == nil {
		progress = func(string, int64) {}
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return fillAll(ctx, tx, size, progress) })
	if err != nil {
		// A copy that is cancelled may end with what its closed connection says alone.
		return fmt.Errorf("filling the demo app: %w", errors.Join(err, ctx.Err()))
	}
	// Statistics are what a product's database has; without them the first plans over it are bad. A small sample does.
	if _, err := conn.Exec(ctx, `SET default_statistics_target = 20; ANALYZE`); err != nil {
		return fmt.Errorf("gathering statistics of the demo app: %w", err)
	}
	return nil
}

func fillAll(ctx context.Context, tx pgx.Tx, size Size, progress Progress) error {
	// The marker comes first: its primary key makes a second fill that runs meanwhile wait, then fail.
	if err := markFilled(ctx, tx, size); err != nil {
		return err
	}
	p := newPlan(size)
	if _, err := tx.Exec(ctx, `SELECT app.ensure_display_partitions($1::date, $2::date)`,
		p.firstMonth().Format(time.DateOnly), p.asOf.Format(time.DateOnly)); err != nil {
		return fmt.Errorf("making partitions: %w", err)
	}
	if err := makeLargeObjects(ctx, tx, p); err != nil {
		return err
	}
	for _, t := range tables() {
		if err := fillTable(ctx, tx, t, p, progress); err != nil {
			return fmt.Errorf("filling %s: %w", t.name, err)
		}
	}
	if _, err := tx.Exec(ctx, syncSequences); err != nil {
		return fmt.Errorf("moving sequences on: %w", err)
	}
	if _, err := tx.Exec(ctx, `REFRESH MATERIALIZED VIEW app.campaign_months`); err != nil {
		return fmt.Errorf("refreshing the figures: %w", err)
	}
	return nil
}

func fillTable(ctx context.Context, tx pgx.Tx, t table, p *plan, progress Progress) error {
	if t.orphans != "" {
		if _, err := tx.Exec(ctx, `SET LOCAL session_replication_role = replica`); err != nil {
			return fmt.Errorf("putting off foreign key checks: %w", err)
		}
	}
	sent := int64(0)
	for part := range t.partCount(p) {
		n, err := copyPart(ctx, tx, t, p, part, func(n int64) { progress(t.name, sent+n) })
		if err != nil {
			return err
		}
		sent += n
	}
	progress(t.name, sent)
	if t.orphans == "" {
		return nil
	}
	if _, err := tx.Exec(ctx, `SET LOCAL session_replication_role = origin`); err != nil {
		return fmt.Errorf("going back to foreign key checks: %w", err)
	}
	return checkOrphans(ctx, tx, t.orphans)
}

// errOrphans says that the generator made rows without a parent, which is a bug of it.
var errOrphans = errors.New("rows without a parent")

func checkOrphans(ctx context.Context, tx pgx.Tx, count string) error {
	var orphans int64
	if err := tx.QueryRow(ctx, count).Scan(&orphans); err != nil {
		return fmt.Errorf("checking foreign keys: %w", err)
	}
	if orphans > 0 {
		return fmt.Errorf("%w: %d", errOrphans, orphans)
	}
	return nil
}

func markFilled(ctx context.Context, tx pgx.Tx, size Size) error {
	var asOf *time.Time
	if !size.AsOf.IsZero() {
		t := size.asOf()
		asOf = &t
	}
	tag, err := tx.Exec(ctx, `INSERT INTO app.demo_fill (accounts, displays, seed, as_of)
		VALUES ($1, $2, $3::numeric, $4) ON CONFLICT DO NOTHING`,
		size.Accounts, size.Displays, strconv.FormatUint(size.Seed, 10), asOf)
	if err != nil {
		return fmt.Errorf("noting the size: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return ErrFilled
	}
	return nil
}

// copyPart streams one part of a table: rows are made while the server takes the ones before.
func copyPart(ctx context.Context, tx pgx.Tx, t table, p *plan, part int, sent func(int64)) (int64, error) {
	reader, writer := io.Pipe()
	done := make(chan int64, 1)
	go func() {
		r := &rows{out: writer, buf: make([]byte, 0, flushAt+flushAt/2), flushed: sent}
		err := t.write(p, part, r)
		if err == nil {
			err = r.flush()
		}
		done <- r.count
		writer.CloseWithError(err)
	}()
	columns := make([]string, len(t.columns))
	for i, c := range t.columns {
		columns[i] = pgx.Identifier{c}.Sanitize()
	}
	statement := "COPY " + t.name + " (" + strings.Join(columns, ", ") + ") FROM STDIN"
	_, err := tx.Conn().PgConn().CopyFrom(ctx, reader, statement)
	// Whatever ended the COPY also ends the generator, which may be waiting to write.
	//nolint:gosec // documented never to fail
	reader.CloseWithError(errors.Join(errors.New("the COPY has ended"), err))
	count := <-done
	if err != nil {
		return 0, fmt.Errorf("copying rows: %w", err)
	}
	return count, nil
}
