package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/dev/demoapp"
	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// world is a cluster with one filled database, of which each measurement gets a copy.
type world struct {
	cluster *pgtest.Cluster
	decided datamap.Database
}

const template = "filled"

// dataMap is the demo app's, from the folder in which make runs the bench, or from that of its test.
func dataMap() (datamap.Database, error) {
	var errs []error
	for _, at := range []string{"../datamap.yaml", "../../../datamap.yaml"} {
		read, err := datamap.Load(at)
		if err == nil {
			return *read.Database("app"), nil
		}
		errs = append(errs, err)
	}
	return datamap.Database{}, fmt.Errorf("reading the data map: %w", errors.Join(errs...))
}

func newWorld(ctx context.Context, o options, progress io.Writer) (w *world, err error) {
	w = &world{}
	if w.decided, err = dataMap(); err != nil {
		return w, err
	}
	if w.cluster, err = pgtest.StartDurable(ctx, "postgres"); err != nil {
		return w, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	fmt.Fprintln(progress, "filling the demo app")
	err = errors.Join(w.admin(ctx, "create database "+template), demoapp.Install(ctx, w.cluster.URL(template)))
	if err == nil {
		size := demoapp.Size{Accounts: max(demoapp.MinAccounts, o.displays/displaysPerAccount), Displays: o.displays, Seed: 1}
		err = demoapp.Fill(ctx, w.cluster.URL(template), size, nil)
	}
	if err != nil {
		return w, errors.Join(fmt.Errorf("filling the demo app: %w", err), w.close())
	}
	return w, nil
}

func (w *world) close() error {
	if err := w.cluster.Stop(); err != nil {
		return fmt.Errorf("stopping PostgreSQL: %w", err)
	}
	return nil
}

// admin runs a statement that needs no database of its own.
func (w *world) admin(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, w.cluster.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// fresh gives a copy of the filled database, analysed and read once, so that each measurement begins alike.
func (w *world) fresh(ctx context.Context, work func(*postgres.DB) error) error {
	if err := w.admin(ctx, "create database work template "+template); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	db, err := postgres.Open(ctx, w.cluster.URL("work"))
	if err != nil {
		return fmt.Errorf("opening the copy: %w", err)
	}
	_, err = db.Exec(ctx, "vacuum (analyze)")
	if err == nil {
		_, err = db.Exec(ctx, "checkpoint")
	}
	if err == nil {
		err = work(db)
	}
	db.Close()
	return errors.Join(err, w.admin(ctx, "drop database work with (force)"))
}

// rows counts what there is, in all tables.
func rows(ctx context.Context, db *postgres.DB) (count int64, err error) {
	err = db.QueryRow(ctx, `select sum((xpath('/row/c/text()',
			query_to_xml('select count(*) as c from ' || oid::regclass, false, true, '')))[1]::text::bigint)::bigint
		from pg_class where relkind = 'r' and relnamespace::regnamespace::text in ('app', 'billing', 'public')`).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("counting rows: %w", err)
	}
	return count, nil
}

// deletion is how long it took to delete how many rows.
type deletion struct {
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
	// CleanSeconds is how long it took until the server knew no sample of them any more.
	CleanSeconds float64 `json:"clean_seconds"`
	// P99MS is what another account's queries took meanwhile.
	P99MS float64 `json:"p99_ms"`
}

func (d deletion) perSecond() float64 { return float64(d.Rows) / d.Seconds }

func (d deletion) perSecondClean() float64 { return float64(d.Rows) / (d.Seconds + d.CleanSeconds) }

// timed measures a deletion with another account's client beside it. Work tells when the last row is gone, and goes on
// until all is clean.
func timed(ctx context.Context, db *postgres.DB, work func(gone func()) error) (d deletion, err error) {
	before, err := rows(ctx, db)
	if err != nil {
		return d, err
	}
	beside := startTenant(ctx, db)
	began := time.Now()
	last := began
	err = work(func() { last = time.Now() })
	d.Seconds, d.CleanSeconds = last.Sub(began).Seconds(), time.Since(last).Seconds()
	latency, tenantErr := beside.stop()
	if err := errors.Join(err, tenantErr); err != nil {
		return d, err
	}
	after, err := rows(ctx, db)
	d.Rows, d.P99MS = before-after, latency
	return d, err
}

// deferred lets one DELETE pass where a key that does not cascade names what goes before the row that has it does.
const deferred = `do $$ declare k record; begin
	for k in select conrelid::regclass as t, conname from pg_constraint where contype = 'f' and confdeltype = 'a' and conparentid = 0 loop
		execute format('alter table %s alter constraint %I deferrable initially deferred', k.t, k.conname);
	end loop; end $$`

// cascade is one DELETE of the account.
func cascade(ctx context.Context, db *postgres.DB) (deletion, error) {
	if _, err := db.Exec(ctx, deferred); err != nil {
		return deletion{}, fmt.Errorf("putting off the checks: %w", err)
	}
	return timed(ctx, db, func(gone func()) error {
		if _, err := db.Exec(ctx, "delete from app.companies where id = 1"); err != nil {
			return fmt.Errorf("deleting: %w", err)
		}
		gone()
		for _, sql := range []string{"refresh materialized view app.campaign_months", "vacuum (analyze)"} {
			if _, err := db.Exec(ctx, sql); err != nil {
				return fmt.Errorf("cleaning: %w", err)
			}
		}
		return nil
	})
}

// engine is the erasure of the account, from what is frozen to new statistics.
func (w *world) engine(ctx context.Context, db *postgres.DB) (deletion, error) {
	var gone func()
	of := appdb.New(db, w.decided, appdb.Options{PseudonymKey: make([]byte, 32), Cleaning: func() { gone() }})
	subject, frozen := store.Subject{Erasure: "era_bench", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
	if err := of.Freeze(ctx, subject, frozen); err != nil {
		return deletion{}, fmt.Errorf("freezing: %w", err)
	}
	return timed(ctx, db, func(tell func()) error {
		gone = tell
		_, err := of.Erase(ctx, subject, frozen, nil)
		return err
	})
}
