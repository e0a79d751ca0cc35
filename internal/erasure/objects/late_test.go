package objects_test

import (
	"context"
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/gcs"
	"steward/internal/liveschema"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// An object whose row comes after the objects were erased and before the rows were is recorded when its row goes, the store
// says that there is more, verify finds it, and it is erased: whether its row is deleted, goes by a cascade, or loses its name and stays.
func TestAnObjectWhoseRowComesLate(t *testing.T) {
	t.Parallel()

	batches := execute.Limits{Small: 0, Gather: 7, Batch: 2, MostBatch: 4}

	for name, c := range map[string]struct {
		limits execute.Limits
		late   string
		during int // which look at the brake lets it come; 0 before the rows are erased
		keep   bool
	}{
		"at once":          {late: "insert into files values (9, 1, 'files', 'late')"},
		"meanwhile":        {limits: batches, late: "insert into files values (9, 1, 'files', 'late')", during: 2},
		"kept":             {limits: batches, late: "insert into files values (9, 1, 'files', 'late')", keep: true},
		"another name":     {limits: batches, late: "update files set object = 'late' where id = 1", during: 3},
		"by a cascade":     {limits: batches, late: "insert into scans values (1, 1, 'late'); insert into scans values (2, null, 'two')", during: 2},
		"a bucket of ours": {limits: batches, late: "insert into files values (9, 1, 'files', 'late'), (10, 1, 'of-steward', 'replay')"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			by := scanned(c.keep)
			made := beside(t, by, gcs.Settings{})
			subject, frozen := store.Subject{Erasure: "era_late", Kind: plan.Account, Account: "1"}, &storetest.Memory{}
			exec := func(sql string) {
				if _, err := made.db.Exec(t.Context(), sql); err != nil {
					t.Error(err)
				}
			}

			exec(`alter table files alter account drop not null;
				create table scans (id int primary key, file int references files on delete cascade, object text)`)

			if _, err := made.bucket.Put(t.Context(), "late", strings.NewReader("3"), gcs.PutOptions{}); err != nil {
				t.Fatal(err)
			}

			looks := 0
			rows := appdb.New(made.db, by, appdb.Options{Limits: c.limits, Brake: looking(func(context.Context) error {
				looks++
				if looks == c.during {
					exec(c.late)
				}

				return nil
			})})

			erase(t, made.of, subject, frozen)

			if c.during == 0 {
				exec(c.late)
			}

			if later, err := made.of.Later(t.Context(), frozen); err != nil || later {
				t.Error(later, err)
			}

			erase(t, rows, subject, frozen)

			if later, err := made.of.Later(t.Context(), frozen); err != nil || !later {
				t.Error(later, err)
			}

			if left, err := made.of.Verify(t.Context(), subject, frozen); err != nil || len(left) != 1 || left[0].Place != "files" {
				t.Fatal(left, err)
			}

			erase(t, made.of, subject, frozen)

			for _, of := range []store.Store{made.of, rows} {
				if left, err := of.Verify(t.Context(), subject, frozen); err != nil || len(left) > 0 {
					t.Error(left, err)
				}
			}
		})
	}
}

func erase(t *testing.T, of store.Store, subject store.Subject, frozen store.Frozen) {
	t.Helper()

	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := of.Erase(t.Context(), subject, frozen, nil); err != nil {
		t.Fatal(err)
	}
}

// scanned decides about scans too, which name objects and go with their files; files may stay without their names.
func scanned(keep bool) datamap.Database {
	by := decided()
	scans := liveschema.Name{Schema: "public", Table: "scans"}
	by.Objects = append(by.Objects, datamap.ObjectColumns{Table: scans, FixedBucket: "files", Object: "object"})
	by.Tables = append(by.Tables, datamap.Table{
		Name: scans, Role: datamap.Controller, Path: []string{"file"}, Rows: datamap.Delete,
		Columns: []datamap.Column{
			{Name: "id", Decision: datamap.NotPersonal}, {Name: "file", Decision: datamap.NotPersonal}, {Name: "object", Decision: datamap.NotPersonal},
		},
	})

	if keep {
		files := &by.Tables[1]
		files.Rows = datamap.Keep
		files.Columns[len(files.Columns)-1] = datamap.Column{Name: "object", Decision: datamap.Erase, Strategy: datamap.Null}
	}

	return by
}

// looking is a brake that does the same at each look.
func looking(wait always) func() appdb.Brake { return func() appdb.Brake { return wait } }

type always func(ctx context.Context) error

func (a always) Check(context.Context) error    { return nil }
func (a always) Wait(ctx context.Context) error { return a(ctx) }
func (a always) Close(context.Context)          {}
