package appdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// What changes between the plan and the execution is caught and named, and nothing is deleted; once it is undone, the
// erasure goes on.
func TestChangesBetweenPlanAndExecutionAreCaught(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change, undo, names string
		code                failure.Code
	}{
		"a new table":      {"create table fresh (id int)", "drop table fresh", "public.fresh", failure.MapUnfit},
		"a new column":     {"alter table stay add email text", "alter table stay drop email", "column email", failure.MapUnfit},
		"a renamed column": {"alter table stay rename whose to of", "alter table stay rename of to whose", "column of", failure.MapUnfit},
		"a renamed table":  {"alter table stay rename to visit", "alter table visit rename to stay", "public.visit", failure.MapUnfit},
		"a dropped path":   {"alter table stay drop constraint stay_patient_id_fkey", "alter table stay add foreign key (patient_id) references patient", "path [patient_id]", failure.MapUnfit},
		"a dropped key":    {"alter table result drop constraint result_corrects_fkey", "alter table result add foreign key (corrects) references result", "public.result: [corrects] named rows", failure.RouteChanged},
		"a new key":        {"alter table stay add foreign key (id) references stay", "alter table stay drop constraint stay_id_fkey", "rows of public.stay that go, by [id]", failure.MapUnfit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			g := hospital()
			db, decided := g.install(t)
			of := appdb.New(db, decided, appdb.Options{})
			frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_drift", Kind: plan.Account, Account: "1"}

			if err := of.Freeze(t.Context(), subject, frozen); err != nil {
				t.Fatal(err)
			}

			had, _ := g.rows(t, db, decided, 1)
			run(t, db, c.change)

			if _, err := of.Erase(t.Context(), subject, frozen, nil); !failure.Is(err, c.code) || !strings.Contains(err.Error(), c.names) {
				t.Errorf("%v, want %s naming %q", err, c.code, c.names)
			}

			run(t, db, c.undo)

			left, _ := g.rows(t, db, decided, 1)
			if diff := cmp.Diff(had, left); diff != "" {
				t.Error("something was deleted:", diff)
			}

			if _, err := of.Erase(t.Context(), subject, frozen, nil); err != nil {
				t.Error(err)
			}

			if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
				t.Error(left, err)
			}
		})
	}
}

// What was counted before the first deletion is what an outcome says: where it is lost, nothing is deleted, and nothing told.
func TestALostCountIsAnError(t *testing.T) {
	t.Parallel()

	g := hospital()
	db, decided := g.install(t)
	of := appdb.New(db, decided, appdb.Options{})
	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_count", Kind: plan.Account, Account: "1"}

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	if err := frozen.Put(t.Context(), of.Name()+"/#begun", 0, [][]string{}); err != nil {
		t.Fatal(err)
	}

	had, _ := g.rows(t, db, decided, 1)

	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); !failure.Is(err, failure.NotFrozen) {
		t.Error(outcome, err)
	}

	left, _ := g.rows(t, db, decided, 1)
	if diff := cmp.Diff(had, left); diff != "" {
		t.Error("something was deleted:", diff)
	}
}

func run(t *testing.T, db *postgres.DB, sql string) {
	t.Helper()

	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// Verify names the table in which a row is left, however deep it lies below the account.
func TestVerifyNamesWhatIsLeft(t *testing.T) {
	t.Parallel()

	for name, g := range map[string]given{"hospital": hospital(), "tenants": tenants()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			db, decided := g.install(t)
			of := appdb.New(db, decided, appdb.Options{})
			frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_left", Kind: plan.Account, Account: "1"}
			rows := map[string]string{}

			for _, table := range decided.Tables {
				if table.NotPersonal == "" {
					var row string
					if err := db.QueryRow(t.Context(), "select to_jsonb(r)::text from "+g.from(table.Name)+" as r where whose = 1 limit 1").Scan(&row); err != nil {
						t.Fatal(err)
					}

					rows[table.Name.SQL()] = row
				}
			}

			if err := of.Freeze(t.Context(), subject, frozen); err != nil {
				t.Fatal(err)
			}

			if _, err := of.Erase(t.Context(), subject, frozen, nil); err != nil {
				t.Fatal(err)
			}

			for table, row := range rows {
				leave(t, db, table, row)

				left, err := of.Verify(t.Context(), subject, frozen)
				if err != nil || !names(left, table) {
					t.Errorf("%s: %v %v", table, left, err)
				}

				run(t, db, "delete from "+table+" where whose = 1")
			}
		})
	}
}

// names says that one row of that table, and of none whose name begins alike, is named.
func names(left []store.Remainder, table string) bool {
	for _, remainder := range left {
		// By its own key where others name it, and else by the key that it names.
		place, _, _ := strings.Cut(remainder.Place, " (")
		if place == strings.ReplaceAll(table, `"`, "") && remainder.Rows == 1 {
			return true
		}
	}

	return false
}

// leave puts a row back as an erasure that forgot it would have left it: with no regard to keys.
func leave(t *testing.T, db *postgres.DB, table, row string) {
	t.Helper()

	err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "set local session_replication_role = replica"); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, "insert into "+table+" select r.* from jsonb_populate_record(null::"+table+", $1) as r", row) //nolint:unqueryvet // a row as it was

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Somebody who still writes for the account is outlived: what came meanwhile goes too.
func TestAWriterMeanwhile(t *testing.T) {
	t.Parallel()

	for mode, limits := range map[string]execute.Limits{"at once": {}, "in batches": tiny()} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()

			g := hospital()
			db, decided := g.install(t)
			frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_late", Kind: plan.Account, Account: "1"}
			wrote := 0

			// Rows come before the first deletion, and between the batches.
			of := appdb.New(db, decided, appdb.Options{Limits: limits, Brake: looking(func(ctx context.Context) error {
				wrote++
				if wrote > 3 {
					return nil
				}

				_, err := db.Exec(ctx, `with p as (insert into patient (ward_id, whose) select min(id), 1 from ward where whose = 1 having count(*) > 0 returning id)
					insert into stay (patient_id, whose) select id, 1 from p`)

				return err
			})})

			if err := of.Freeze(t.Context(), subject, frozen); err != nil {
				t.Fatal(err)
			}

			run(t, db, `insert into sample (ordering_id, whose) select id, 1 from ordering where whose = 1;
				insert into result (sample_id, whose) select id, 1 from sample where whose = 1`)

			_, others := g.rows(t, db, decided, 1)

			if _, err := of.Erase(t.Context(), subject, frozen, nil); err != nil {
				t.Fatal(err)
			}

			left, after := g.rows(t, db, decided, 1)
			for table, rows := range left {
				if rows != 0 {
					t.Errorf("%d rows of %s are left", rows, table)
				}
			}

			if diff := cmp.Diff(others, after); diff != "" {
				t.Error(diff)
			}

			if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
				t.Error(left, err)
			}
		})
	}
}

// A row of the subject that somebody has locked is waited for in batches, and the erasure ends when it is let go.
func TestALockedRowIsWaitedFor(t *testing.T) {
	t.Parallel()

	g := hospital()
	db, decided := g.install(t)
	frozen, subject := &storetest.Memory{}, store.Subject{Erasure: "era_lock", Kind: plan.Account, Account: "1"}

	conn, err := pgx.ConnectConfig(t.Context(), db.Pool().Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := conn.Exec(t.Context(), "begin; select from result where whose = 1 for update"); err != nil {
		t.Fatal(err)
	}

	refused := 0
	of := appdb.New(db, decided, appdb.Options{Brake: looking(func(ctx context.Context) error {
		// The first look is before one transaction for all; the second, when that was refused, is when batches begin.
		refused++
		if refused == 2 {
			return conn.Close(ctx)
		}

		return nil
	})})

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || refused < 2 {
		t.Error(refused, err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// A database that came into the data map after the decision has nothing frozen: it freezes when it is first erased in, since nobody does it
// after the tombstone. Where it had begun and its route is lost, nothing is done.
func TestADatabaseThatCameAfterTheDecision(t *testing.T) {
	t.Parallel()

	g := hospital()
	db, decided := g.install(t)
	of := appdb.New(db, decided, appdb.Options{})
	subject := store.Subject{Erasure: "era_after", Kind: plan.Account, Account: "1"}

	lost := &storetest.Memory{}
	if err := lost.Put(t.Context(), of.Name()+"/#begun", 0, [][]string{{"a.firms", "1"}}); err != nil {
		t.Fatal(err)
	}

	if outcome, err := of.Erase(t.Context(), subject, lost, nil); !failure.Is(err, failure.NotFrozen) {
		t.Error(outcome, err)
	}

	frozen := &storetest.Memory{}

	if outcome, err := of.Erase(t.Context(), subject, frozen, nil); err != nil || outcome.Kind != store.Erased || outcome.Count == 0 {
		t.Fatal(outcome, err)
	}

	if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
