package content

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// A table that is read in parts has the digest that it has as a whole, and each
// part is told.
func TestATableInParts(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec(t.Context(), `create table public.large as
		select n, repeat(md5(n::text), 20) as filler from generate_series(1, 5000) as n`); err != nil {
		t.Fatal(err)
	}

	err = db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		table := sized{Table: Table{Schema: "public", Name: "large"}, blocks: 400}

		whole, err := table.read(ctx, tx, atOnce, func(int64) {})
		if err != nil || whole.Rows != 5000 {
			t.Fatal(whole, err)
		}

		for _, count := range []int64{2, 3, 7, 400} {
			var told []int64

			table.bytes = 1000 * count

			parts, err := table.read(ctx, tx, 1000, func(rows int64) { told = append(told, rows) })
			if err != nil || parts != whole {
				t.Errorf("%d parts: %+v instead of %+v, %v", count, parts, whole, err)
			}

			if int64(len(told)) != count || told[0] >= 5000 || told[len(told)-1] != 5000 {
				t.Errorf("%d parts told %v", count, told)
			}
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever waits for a table, or has it for itself, holds up neither the list of the
// tables nor what it says of their sizes.
func TestTheListOfTablesWaitsForNobody(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)

	opened := func() *postgres.DB {
		db, err := postgres.Open(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		return db
	}

	holder, reader := opened(), opened()

	if _, err := holder.Exec(t.Context(), `create table public.busy as select n, repeat(md5(n::text), 20) as filler
		from generate_series(1, 5000) as n`); err != nil {
		t.Fatal(err)
	}

	if _, err := holder.Exec(t.Context(), `vacuum analyze public.busy`); err != nil {
		t.Fatal(err)
	}

	err := holder.InTx(t.Context(), func(ctx context.Context, locking postgres.Tx) error {
		var pages int64
		if err := locking.QueryRow(ctx, `select pg_relation_size('public.busy') / current_setting('block_size')::bigint`).Scan(&pages); err != nil {
			return err
		}

		if _, err := locking.Exec(ctx, `lock table public.busy in access exclusive mode`); err != nil {
			return err
		}

		return reader.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, `set local lock_timeout = '10ms'`); err != nil {
				return err
			}

			tables, err := listTables(ctx, tx, tablesQuery)
			if err != nil || len(tables) != 1 {
				return errors.Join(fmt.Errorf("%d tables", len(tables)), err)
			}

			if busy := tables[0]; busy.Name != "busy" || busy.blocks != pages || pages < 100 || busy.bytes < busy.blocks*1024 {
				t.Errorf("%+v of %d", busy, pages)
			}

			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

// The list of the tables looks at the server's locks once: while it does, nobody else
// can take or leave one.
func TestTheListOfTablesLooksAtTheLocksOnce(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	rows, err := db.Query(t.Context(), "explain "+tablesQuery)
	if err != nil {
		t.Fatal(err)
	}

	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if count := strings.Count(strings.Join(plan, "\n"), "pg_lock_status"); err != nil || count != 1 {
		t.Errorf("%d times: %v\n%s", count, err, strings.Join(plan, "\n"))
	}
}

func TestParts(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		bytes, blocks int64
		count         int
	}{{0, 0, 1}, {atOnce, 10, 1}, {atOnce + 1, 10, 2}, {3 * atOnce, 10, 3}, {100 * atOnce, 10, 10}, {100 * atOnce, 0, 1}} {
		parts := sized{bytes: c.bytes, blocks: c.blocks}.parts(atOnce)
		if len(parts) != c.count || (parts[0] == "") != (c.count == 1) {
			t.Errorf("%+v: %q", c, parts)
		}
	}
}
