package content

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
	"steward/internal/postgres"
)

const aheadTables = `create table public.kept as select n, 'row ' || n as text from generate_series(1, 1000) as n;
	create type public.mood as enum ('good', 'bad'); create type public.pair as (a int, b public.mood);
	create domain public.moods as public.mood[];
	create table public.changed as select n, text, array['good'::public.mood]::public.moods as moods, array[(n, 'bad')::public.pair] as pairs
		from public.kept;
	create table public.other as table public.changed; update public.other set text = 'other';
	create table public.empty (n int)`

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

		tables, err := listTables(ctx, tx, tablesQuery)

		for _, table := range tables {
			if err == nil && table.Name == name {
				_, same, err = ahead.proven(ctx, tx, table)
			}
		}

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
		"a row changes":     "update public.changed set text = 'another' where n = 5",
		"a row is replaced": "delete from public.changed where n = 5; insert into public.changed values (5, 'another')",
		"a row more":        "insert into public.changed values (5, 'another')",
		"a row less":        "delete from public.changed where n = 5",
		"it is made anew":   "drop table public.changed; create table public.changed as table public.kept; update public.changed set text = n",
		"it is swapped": `alter table public.changed rename to aside; alter table public.other rename to changed;
			alter table public.aside rename to other`,
		"it is truncated":       "truncate public.changed",
		"it is rewritten":       "vacuum full public.changed",
		"a column more":         "alter table public.changed add column more text default 'more'",
		"a column less":         "alter table public.changed drop column text",
		"a column of a type":    "alter table public.changed alter column n type bigint",
		"a label":               "alter type public.mood rename value 'good' to 'fine'",
		"a label and back":      "alter type public.mood rename value 'bad' to 'b'; alter type public.mood rename value 'b' to 'bad'",
		"a column of a pair":    "alter type public.pair add attribute c int",
		"a cast answers for it": "create cast (public.changed as text) with inout",
		"a row under a block":   "do $$ begin update public.changed set text = 'x' where n = 5; exception when others then raise; end $$",
	} {
		t.Run(name, func(t *testing.T) {
			db, ahead := aheadWorld(t)
			if count := readAll(t, db, ahead); count != 3 || ahead.Len() != 3 {
				t.Fatalf("%d tables were read ahead, %d are held", count, ahead.Len())
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

// A column whose text names something else follows what that is called, though nothing of its
// table changes: such a table is read anew, wherever in its types that is.
//
//nolint:paralleltest // as above
func TestNamesOfOtherThingsAreReadAnew(t *testing.T) {
	for _, column := range []string{
		"regclass default 'public.other'", "regtype[] default '{public.mood}'", "public.named default row('public.other')",
		"public.names default '{public.other}'", "aclitem default makeaclitem(10, 10, 'SELECT', false)",
	} {
		t.Run(column, func(t *testing.T) {
			db, ahead := aheadWorld(t)
			mustExec(t, db, `create type public.named as (name regclass); create domain public.names as regclass[];
				alter table public.changed add column name `+column)
			readAll(t, db, ahead)

			if holds(t, db, ahead, "changed") || !holds(t, db, ahead, "kept") {
				t.Error("the names are believed, or the other table is not")
			}

			mustExec(t, db, "alter table public.other rename to renamed; alter type public.mood rename to humour")

			if holds(t, db, ahead, "changed") { // which compares with what is read anew
				t.Error("the names are believed")
			}
		})
	}
}

// What a restore does to a table that it has filled costs no second reading of it.
//
//nolint:paralleltest // as above
func TestWhatARestoreAddsIsNoChange(t *testing.T) {
	db, ahead := aheadWorld(t)
	mustExec(t, db, `alter table public.kept alter column n set not null; alter table public.changed alter column n set not null`)
	readAll(t, db, ahead)

	mustExec(t, db, `alter table public.kept add primary key (n); create index on public.changed (text);
		alter table public.changed add foreign key (n) references public.kept; grant select on public.changed to public;
		alter table public.changed enable row level security; comment on table public.changed is 'told';
		create rule quiet as on delete to public.changed do also nothing; create statistics public.both on n, text from public.changed;
		alter table public.changed owner to current_user; analyze public.changed`)
	mustExec(t, db, "vacuum public.changed")

	if !holds(t, db, ahead, "changed") || !holds(t, db, ahead, "kept") {
		t.Error("it is not believed any more")
	}
}

// Each list is of what is not read yet; who is at work on a table when its turn comes
// makes it wait for the next list, and nobody waits for a table that is gone.
//
//nolint:paralleltest // as above
func TestWhatIsListedIsReadOnce(t *testing.T) {
	db, ahead := aheadWorld(t)

	if more, err := ahead.Read(t.Context(), db); err != nil || !more || ahead.Len() != 1 || len(ahead.queue) != 2 {
		t.Fatalf("%t, %v, %d read, %d wait", more, err, ahead.Len(), len(ahead.queue))
	}

	mustExec(t, db, "drop table public."+ahead.queue[0].Name+"; create table public.later as table public.kept")

	err := db.InTx(t.Context(), func(ctx context.Context, holder postgres.Tx) error {
		if _, err := holder.Exec(ctx, "lock table public."+ahead.queue[1].Name+" in row exclusive mode"); err != nil {
			return err
		}

		if count := readAll(t, db, ahead); count != 3 || ahead.Len() != 2 { //nolint:contextcheck // not of this transaction
			t.Errorf("%d were looked at, %d read", count, ahead.Len())
		}

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	if count := readAll(t, db, ahead); count != 1 || ahead.Len() != 3 {
		t.Errorf("%d were looked at, %d read", count, ahead.Len())
	}

	if count := readAll(t, db, ahead); count != 0 {
		t.Errorf("%d were read again", count)
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

		if count := readAll(t, db, ahead); count != 3 { //nolint:contextcheck // not of this transaction
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

			if count := readAll(t, db, ahead); count != 2 { //nolint:contextcheck // not of this transaction
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
