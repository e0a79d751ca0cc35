package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"steward/internal/datamap"
	"steward/internal/erasure/residue"
	"steward/internal/liveschema"
	"steward/internal/postgres"
)

// pass is how long it takes to look for the identifiers of so many erasures.
func (w *world) pass(ctx context.Context, db *postgres.DB, erasures int) (seconds float64, err error) {
	schema, err := liveschema.Read(ctx, db, "app")
	if err != nil {
		return 0, fmt.Errorf("reading the schema: %w", err)
	}
	sought := make([]residue.Sought, erasures)
	for i := range sought {
		sought[i] = residue.Sought{
			Erasure: fmt.Sprintf("era_%d", i), Account: "1", Identity: datamap.Email, Value: fmt.Sprintf("nobody.%d.%x@example.org", i, i),
		}
	}
	one := residue.Pass{Decided: w.decided, Schema: schema}
	began := time.Now()
	err = one.Run(ctx, db, sought, residue.Cursor{})
	return time.Since(began).Seconds(), err
}

// copyAll is how long it takes to read the same tables by COPY.
func copyAll(ctx context.Context, db *postgres.DB) (seconds float64, err error) {
	var tables []string
	err = db.QueryRow(ctx, `select array_agg(oid::regclass::text) from pg_class
		where relkind in ('r', 'm') and relnamespace::regnamespace::text in ('app', 'billing', 'public')`).Scan(&tables)
	if err != nil {
		return 0, fmt.Errorf("listing the tables: %w", err)
	}
	conn, err := db.Pool().Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("connecting: %w", err)
	}
	defer conn.Release()
	began := time.Now()
	for _, table := range tables {
		_, copyErr := conn.Conn().PgConn().CopyTo(ctx, io.Discard, "copy (select * from only "+table+") to stdout") //nolint:unqueryvet // all
		err = errors.Join(err, copyErr)
	}
	return time.Since(began).Seconds(), err
}
