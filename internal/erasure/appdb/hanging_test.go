package appdb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store/storetest"
)

// elsewhere keeps names of objects in another database, which may hang.
type elsewhere struct {
	*storetest.Memory

	db *postgres.DB
}

func (e elsewhere) Put(ctx context.Context, set string, chunk int, rows [][]string) error {
	if strings.HasSuffix(set, "#objects") {
		if _, err := e.db.Exec(ctx, "insert into kept values (1)"); err != nil {
			return err
		}
	}

	return e.Memory.Put(ctx, set, chunk, rows)
}

// Rows that are locked while the names that they hold are kept in another database do not wait for that one longer than a
// moment: the erasure lets them go, and tries again.
func TestADatabaseThatHangsHoldsNoRows(t *testing.T) {
	t.Parallel()

	for name, limits := range map[string]func() appdb.Options{"at once": nowhere, "in batches": func() appdb.Options { return appdb.Options{Limits: tiny()} }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newShop(t, `create table a.files (id bigint primary key, firm bigint not null references a.firms, object text);
				insert into a.files select i, 1, 'file ' || i from generate_series(1, 5) as i`,
				"    objects: [{table: a.files, fixed_bucket: files, object: object}]\n",
				"      a.files: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [object], not_personal: [id, firm]}}\n",
				appdb.Options{})
			options := limits()
			options.Limits.Record = 200 * time.Millisecond
			s.of = appdb.New(s.db, s.decided, options)

			far := elsewhere{s.frozen, opened(t)}
			if _, err := far.db.Exec(t.Context(), "create table kept (n int)"); err != nil {
				t.Fatal(err)
			}

			if err := s.of.Freeze(t.Context(), s.subject, far); err != nil {
				t.Fatal(err)
			}

			err := far.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
				if _, err := tx.Exec(ctx, "lock table kept"); err != nil {
					return err
				}

				bounded, cancel := context.WithTimeout(ctx, time.Minute)
				defer cancel()

				if _, err := s.of.Erase(bounded, s.subject, far, nil); !failure.Is(err, failure.NamesNotKept) ||
					!failure.Lookup(failure.CodeOf(err)).Retryable {
					t.Error(err)
				}

				return nil
			})
			if err != nil {
				t.Fatal(err)
			}

			s.exec(t, "begin; select from a.files for update nowait; rollback")
			s.holds(t, "(5)", "(select count(*)::int as n from a.files)")

			if _, err := s.of.Erase(t.Context(), s.subject, far, nil); err != nil {
				t.Fatal(err)
			}

			s.clean(t)
			s.holds(t, "", "a.files")
		})
	}
}

// nowhere are options that set no limits of their own, but those of a database that people work with.
func nowhere() appdb.Options { return appdb.Options{Limits: execute.Default()} }
