package content

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
	"steward/internal/postgres"
)

const aheadTables = `create table public.kept as select n, 'row ' || n as text from generate_series(1, 1000) as n;
	create table public.changed as table public.kept; create table public.empty (n int)`

// aheadWorld is a database of which two tables were read ahead.
func aheadWorld(t *testing.T) (*postgres.DB, *Ahead) {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)
	mustExec(t, db, aheadTables)

	return db, &Ahead{}
}

func mustExec(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()

	if _, err := db.Pool().Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// readAll reads all that is filled and tells how many tables that were.
func readAll(t *testing.T, db *postgres.DB, ahead *Ahead) int {
	t.Helper()

	for count := 0; ; count++ {
		more, err := ahead.Read(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}

		if !more {
			return count
		}
	}
}

// holds tells what is still proven of a table, and checks that a description with
// the help of ahead is the same as one without.
func holds(t *testing.T, db *postgres.DB, ahead *Ahead, name string) (same bool) {
	t.Helper()

	err := db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		helped, err := DescribeTogether(ctx, []postgres.Queryer{tx}, ahead, nil)
		if err != nil {
			return err
		}

		alone, err := Describe(ctx, tx, nil)
		if err != nil {
			return err
		}

		for _, difference := range Compare(alone, helped) {
			t.Error(difference)
		}

		_, same, err = ahead.proven(ctx, tx, sized{Table: Table{Schema: "public", Name: name}})

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return same
}

// Whatever happens to a table after it was read ahead, it is noticed.
//
//nolint:paralleltest // a transaction of another test, open meanwhile, would make it read the table again, rightly
func TestWhatWasReadAheadIsProven(t *testing.T) {
	for name, change := range map[string]string{
		"a row changes":       "update public.changed set text = 'another' where n = 5",
		"a row is replaced":   "delete from public.changed where n = 5; insert into public.changed values (5, 'another')",
		"a row more":          "insert into public.changed values (5, 'another')",
		"a row less":          "delete from public.changed where n = 5",
		"it is made anew":     "drop table public.changed; create table public.changed as table public.kept; update public.changed set text = n",
		"a row under a block": "do $$ begin update public.changed set text = 'x' where n = 5; exception when others then raise; end $$",
	} {
		t.Run(name, func(t *testing.T) {
			db, ahead := aheadWorld(t)
			if count := readAll(t, db, ahead); count != 2 {
				t.Fatalf("%d tables were read ahead", count)
			}

			if !holds(t, db, ahead, "changed") || !holds(t, db, ahead, "kept") {
				t.Fatal("nothing changed, but it is not believed")
			}

			mustExec(t, db, change)

			if holds(t, db, ahead, "changed") {
				t.Error("it is believed all the same")
			}

			if !holds(t, db, ahead, "kept") {
				t.Error("the other table is not believed any more")
			}
		})
	}
}

// What a transaction does that was open when the table was read is noticed too,
// though its number is older than the reading.
//
//nolint:paralleltest // as above
func TestATransactionThatWasOpenIsNoticed(t *testing.T) {
	db, ahead := aheadWorld(t)

	err := db.InTx(t.Context(), func(ctx context.Context, writer postgres.Tx) error {
		if _, err := writer.Exec(ctx, "select pg_current_xact_id()"); err != nil {
			return err
		}

		mustExec(t, db, "create table public.later ()") //nolint:contextcheck // a younger transaction, which has ended

		if count := readAll(t, db, ahead); count != 2 { //nolint:contextcheck // not of this transaction
			t.Errorf("%d tables were read ahead", count)
		}

		_, err := writer.Exec(ctx, "update public.changed set text = 'another' where n = 5")

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	if holds(t, db, ahead, "changed") || !holds(t, db, ahead, "kept") {
		t.Error("the change of one table was not noticed, or seen in the other")
	}
}

// A table that somebody fills or changes is not waited for.
func TestALockedTableIsNotReadAhead(t *testing.T) {
	t.Parallel()

	for _, mode := range []string{"row exclusive", "access exclusive"} {
		db, ahead := aheadWorld(t)

		err := db.InTx(t.Context(), func(ctx context.Context, holder postgres.Tx) error {
			if _, err := holder.Exec(ctx, "lock table public.changed in "+mode+" mode"); err != nil {
				return err
			}

			if count := readAll(t, db, ahead); count != 1 { //nolint:contextcheck // not of this transaction
				t.Errorf("%d tables were read beside a lock in %s mode", count, mode)
			}

			return nil
		})
		if err != nil {
			t.Fatal(err)
		}

		if count := readAll(t, db, ahead); count != 1 {
			t.Errorf("%d tables were read after it", count)
		}
	}
}
