package appdb_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// Whatever the schema and the rows, after an erasure no row that is reachable from the subject is left but those that stay, which
// have their columns overwritten as the map says, and every other column of every row is as it was but keys that named what is gone.
func TestNothingReachableIsLeftAndNothingElseChanges(t *testing.T) {
	t.Parallel()

	db := opened(t)

	rapid.Check(t, func(rt *rapid.T) {
		w := drawWorld(rt)
		if err := w.install(t.Context(), db); err != nil {
			rt.Fatal(err)
		}

		subject, kind, account := drawSubject(rt, w)

		schema, err := liveschema.Read(t.Context(), db, "w")
		if err != nil {
			rt.Fatal(err)
		}

		w.mend(rt, schema, kind)

		before, err := w.dump(t.Context(), db)
		if err != nil || len(before) != w.count() {
			rt.Fatal(len(before), w.count(), err)
		}

		limits := execute.Default()
		if rapid.Bool().Draw(rt, "batches") {
			limits = execute.Limits{Small: 0, Gather: 3, Batch: 2, MostBatch: 4}
		}

		of := appdb.New(db, w.decided(), appdb.Options{Limits: limits, PseudonymKey: worldKey()})
		eraseIn(t.Context(), rt, of, subject)

		got, err := w.dump(t.Context(), db)
		if diff := cmp.Diff(w.after(before, subject.Kind, account), got); diff != "" || err != nil {
			rt.Fatal(diff, err)
		}

		if names, _, err := broken(t.Context(), db); err != nil || len(names) > 0 {
			rt.Fatal("foreign keys do not hold:", names, err)
		}
	})
}

// eraseIn plans, freezes, erases and verifies.
func eraseIn(ctx context.Context, t *rapid.T, of *appdb.Store, subject store.Subject) {
	frozen := &storetest.Memory{}

	if _, err := of.Plan(ctx, subject); err != nil {
		t.Fatal(err)
	}

	if err := of.Freeze(ctx, subject, frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := of.Erase(ctx, subject, frozen, nil); err != nil {
		t.Fatal(err)
	}

	if left, err := of.Verify(ctx, subject, frozen); err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
}

// drawSubject draws an account, or a person below one or everywhere; account is the number of the account's row, 0 for everywhere.
func drawSubject(t *rapid.T, w *world) (subject store.Subject, kind route.Kind, account int) {
	account = rapid.SampledFrom(w.tables[0].data).Draw(t, "account").id
	subject = store.Subject{Erasure: "era_random", Kind: plan.Account, Account: w.keyText(0, account)}
	people := slices.ContainsFunc(w.tables, func(table *wtable) bool { return table.person != "" })
	ours := slices.ContainsFunc(w.tables, func(table *wtable) bool { return table.person != "" && table.role == datamap.Controller })

	if people && rapid.Bool().Draw(t, "a person") {
		subject.Kind, subject.Identities = plan.Person, map[string][]string{string(datamap.Email): {identity}}

		if ours && rapid.Bool().Draw(t, "everywhere") {
			subject.Account, account = "", 0
		}
	}

	return subject, route.Kind{Subject: subject.Kind, Scoped: subject.Kind == plan.Person && subject.Account != ""}, account
}

// mend does what the problems of the route ask for, as whoever keeps the map would.
func (w *world) mend(t *rapid.T, schema liveschema.Schema, kind route.Kind) {
	for range 50 {
		_, problems := route.Build(w.decided(), schema, kind)
		if len(problems) == 0 {
			return
		}

		problem := problems[0]
		i := slices.IndexFunc(w.tables, func(table *wtable) bool { return table.name == problem.Table.Table })
		table := w.tables[i]

		k := slices.IndexFunc(table.keys, func(key *wkey) bool { return slices.Contains(problem.Columns, key.column) })
		if k < 0 {
			k = table.path
		}

		switch {
		case i == 0:
			t.Skip("accounts begin here and follow nobody")
		case table.action(kind.Subject) == datamap.Keep:
			table.rows = datamap.Delete
			if table.person != "" {
				table.person = datamap.Delete
			}
		case k == table.path || slices.Contains(table.follows, k):
			t.Fatal("nothing mends", problem)
		default:
			table.follows = append(table.follows, k)
		}
	}

	t.Fatal("the problems do not end")
}
