package erasure_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/certificate"
	"steward/internal/erasure"
	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/store"
	"steward/internal/task"
)

// retains is a store in which two rows stay on a basis.
type retains struct{ small }

func (r retains) Erase(ctx context.Context, of store.Subject, frozen store.Frozen, beat func(int64)) (store.Outcome, error) {
	came, err := r.small.Erase(ctx, of, frozen, beat)
	came.Parts = []store.Part{
		{Kind: store.Erased, Count: came.Count}, {Kind: store.Retained, Count: 2, Basis: "invoices", For: "10y"},
	}

	return came, err
}

// Where rows are retained under a published exception there are both certificates, and they say how many. What is
// retained is not counted as erased.
func TestWhatIsRetainedIsCertified(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.eraser.Stores = []store.Store{retains{b.small}}
	b.judge.Certifier.Exceptions = []certificate.Exception{{Name: "invoices", Basis: "tax law", Until: "10y"}}

	id := b.answered(t)
	seen := b.until(t, id, erasure.Waiting)
	b.clock.now = seen.GoneBy.AddDate(0, 0, 1)
	b.until(t, id, erasure.Done)

	for _, kind := range []certificate.Kind{certificate.First, certificate.Final} {
		b.verified(t, id, kind)

		signed, err := certificate.Find(t.Context(), b.root, id, kind)
		must(t, err)

		read, err := signed.Open(b.judge.Certifier.Ledger)
		must(t, err)

		want := store.Outcome{Kind: store.Erased, Count: 40, Parts: []store.Part{
			{Kind: store.Erased, Count: 40}, {Kind: store.Retained, Count: 2, Basis: "invoices", For: "10y", Until: read.ErasedAt.AddDate(10, 0, 0)},
		}}
		if diff := cmp.Diff(want, read.Stores[0].Outcome); diff != "" || len(read.Exceptions) != 1 || read.Stores[0].Open != "retained" {
			t.Error(kind, diff, read.Exceptions, read.Stores[0].Open)
		}
	}

	if rows := count(t, b.root, `select (body::jsonb->>'rows')::bigint from ledger.entries where kind = $1`, ledger.ErasureDone); rows != 40 {
		t.Errorf("the ledger counts %d rows as erased", rows)
	}
}

// When the time of what is retained is over, a task asks a person to erase it, once: nothing else does.
func TestWhatIsRetainedComesToAPerson(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.eraser.Stores = []store.Store{retains{b.small}}
	b.judge.Certifier.Exceptions = []certificate.Exception{{Name: "invoices", Basis: "tax law", Until: "10y"}}

	id := b.answered(t)
	seen := b.until(t, id, erasure.Waiting)
	found, err := erasure.Get(t.Context(), b.root, id)
	must(t, err)

	b.clock.now = seen.GoneBy.AddDate(0, 0, 1)
	b.until(t, id, erasure.Done)

	// The record of the case goes long before.
	_, err = b.root.Exec(t.Context(), `delete from erasures where id = $1`, id)
	must(t, err)

	core, over := b.judge.Steward, found.ErasedAt.AddDate(10, 0, 0)

	for _, each := range []struct {
		at  time.Time
		due int
	}{{over.Add(-time.Second), 0}, {over, 1}, {over.AddDate(1, 0, 0), 0}} {
		if due, err := erasure.RetainedDue(t.Context(), core, each.at); err != nil || due != each.due {
			t.Errorf("%s: %d, %v", each.at, due, err)
		}
	}

	opened, is, err := task.OpenOf(t.Context(), b.root, task.EraseRetained, id)
	if err != nil || !is || !opened.OpenedAt.Equal(over) || !opened.Overdue(over.AddDate(0, 0, 8)) {
		t.Errorf("%+v, %v, %v", opened, is, err)
	}

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: faults.Before}
		_, err := erasure.RetainedDue(faults.With(t.Context(), counter), core, over)

		if reached = counter.Reached(); reached != (err != nil) {
			t.Errorf("call %d: %v", n, err)
		}
	}
}
