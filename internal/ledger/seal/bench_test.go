package seal_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// BenchmarkBusinessTransaction compares a business transaction that appends to
// the ledger with one that inserts as much into a plain table, while the
// sequencer runs: one after the other, and on many connections at once. The
// ratio is what the ledger costs.
func BenchmarkBusinessTransaction(b *testing.B) {
	for _, connections := range []int{1, 8} {
		b.Run(strconv.Itoa(connections)+"connections", func(b *testing.B) { business(b, connections) })
	}
}

func business(b *testing.B, connections int) {
	b.Helper()

	db, err := postgres.Open(b.Context(), pgtest.Steward(b))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec(b.Context(), `CREATE TABLE business (id bigint GENERATED ALWAYS AS IDENTITY, body text);
		CREATE TABLE plain (id text PRIMARY KEY, kind text, at timestamptz, body text)`); err != nil {
		b.Fatal(err)
	}

	signer, verifier := ledgertest.Keys(b)
	sealer := seal.New(db, ledgertest.NewMemory(), signer, verifier, &ticking{now: start()}, seal.Config{MaxWait: time.Second})

	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)

	go func() { ended <- sealer.Run(ctx, func(seal.Result, error) {}) }()

	body := ledger.ObservedBody{What: "bench", Object: "bench", Code: "ok"}
	plain := transactions(b, db, connections, func(ctx context.Context, tx postgres.Tx) error {
		entry, err := ledger.NewEntry(ledger.Observed, start(), body)
		if err != nil {
			return err
		}

		_, err = tx.Exec(ctx, `INSERT INTO plain (id, kind, at, body) VALUES ($1, $2, $3, $4)`,
			string(entry.ID), string(entry.Kind), entry.At, string(entry.Body))

		return err
	})
	appended := transactions(b, db, connections, func(ctx context.Context, tx postgres.Tx) error {
		_, err := ledger.Append(ctx, tx, ledger.Observed, start(), body)

		return err
	})

	cancel()

	if err := <-ended; err != nil {
		b.Fatal(err)
	}

	b.ReportMetric(appended.Seconds()/plain.Seconds(), "ratio")
	b.ReportMetric(float64(b.N)/appended.Seconds(), "tx/s")
}

// transactions runs b.N transactions on that many connections and gives the time.
func transactions(
	b *testing.B, db *postgres.DB, connections int, more func(context.Context, postgres.Tx) error,
) time.Duration {
	b.Helper()

	group, ctx := errgroup.WithContext(b.Context())
	begun := time.Now()

	for worker := range connections {
		group.Go(func() error {
			for i := worker; i < b.N; i += connections {
				err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO business (body) VALUES ('x')`); err != nil {
						return err
					}

					return more(ctx, tx)
				})
				if err != nil {
					return err
				}
			}

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}

	return time.Since(begun)
}
