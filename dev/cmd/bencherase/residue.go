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

// residues measures the pass beside COPY.
func (w *world) residues(ctx context.Context, db *postgres.DB, r *round) (err error) {
	if r.CopySeconds, err = copyAll(ctx, db); err != nil {
		return err
	}
	if r.OneSeconds, err = w.pass(ctx, db, 1, false); err != nil {
		return err
	}
	if r.ManySeconds, err = w.pass(ctx, db, many, false); err != nil {
		return err
	}
	r.BothSeconds, err = w.pass(ctx, db, many, true)
	return err
}

// apart is how far the phone numbers of two erasures lie from each other: a prime, so that their digits differ everywhere.
const apart = 7919

// pass is how long it takes to look for the mail addresses of so many erasures, and for a phone number of each as well if phones says so.
func (w *world) pass(ctx context.Context, db *postgres.DB, erasures int, phones bool) (seconds float64, err error) {
	schema, err := liveschema.Read(ctx, db, "app")
	if err != nil {
		return 0, fmt.Errorf("reading the schema: %w", err)
	}
	var sought []residue.Sought
	for i := range erasures {
		one := residue.Sought{
			Erasure: fmt.Sprintf("era_%d", i), Account: "1", Identity: datamap.Email, Value: fmt.Sprintf("nobody.%d.%x@example.org", i, i),
		}
		sought = append(sought, one)
		if phones {
			one.Identity, one.Value = datamap.Phone, fmt.Sprintf("4930%08d", i*apart)
			sought = append(sought, one)
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
