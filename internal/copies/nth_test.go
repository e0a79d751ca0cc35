package copies_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/copycatalogue"
	"steward/internal/faults"
	"steward/internal/gcs"
)

// A copy, and its end, in which the nth outside call fails, before or after its
// effect, is finished by the next run: recorded once, whole, then gone once.
func TestCopiesSurviveEveryFailingCall(t *testing.T) {
	t.Parallel()

	points := 0

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		w := newWorld(t)
		w.pruner.Rule.KeepLastDrilled = false

		for n, reached := 1, true; reached; n++ {
			reached = w.round(t, n, mode)

			if t.Failed() {
				t.Fatalf("call %d failing %s", n, mode)
			}

			points++
		}
	}

	t.Logf("points=%d", points)
}

// round copies a fresh backup and lets it go, each with a fault at the nth call.
func (w *world) round(t *testing.T, n int, mode faults.Mode) (reached bool) {
	t.Helper()

	w.clock.Advance(8 * day)
	row := w.drilled(t)

	counter := &faults.Counter{N: n, Mode: mode}
	_, err := w.CatchUp(faults.With(t.Context(), counter))
	reached = counter.Reached()

	if err != nil && !reached {
		t.Error(err)
	}

	if _, err := w.CatchUp(t.Context()); err != nil {
		t.Errorf("after the fault: %v", err)
	}

	w.whole(t, row)
	w.clock.Advance(7 * day)

	counter = &faults.Counter{N: n, Mode: mode}
	_, err = w.pruner.Prune(faults.With(t.Context(), counter), w.clock.Now(), func(int) {})
	reached = reached || counter.Reached()

	if err != nil && !counter.Reached() {
		t.Error(err)
	}

	if _, err := w.pruner.Prune(t.Context(), w.clock.Now().Add(time.Minute), func(int) {}); err != nil {
		t.Errorf("after the fault: %v", err)
	}

	if left := w.names(t); len(left) > 0 || w.state(t, row) != copycatalogue.Pruned {
		t.Error(left, w.state(t, row))
	}

	w.told(t, row, map[string]int{"backup.copied": 1, "copy.pruned": 1})

	return reached
}

// A copy that lost one object and had another replaced, found by a prune and made again,
// each with a fault at the nth call: told once, copied once more, whole.
func TestCopiesMadeAgainSurviveEveryFailingCall(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		w := newWorld(t)
		w.free(t)

		for n, reached := 1, true; reached; n++ {
			w.clock.Advance(day)
			row := w.drilled(t)
			w.copied(t, row, copies.Result{Copied: 1})
			w.lose(t, row, "globals")
			_, err := w.far.Put(t.Context(), w.lose(t, row, "archive"), strings.NewReader("no rows"), gcs.PutOptions{})
			must(t, err)

			reached = w.faulty(t, n, mode, func(ctx context.Context) error {
				_, err := w.pruner.Prune(ctx, w.clock.Now(), func(int) {})

				return err
			})
			reached = w.faulty(t, n, mode, func(ctx context.Context) error {
				_, err := w.CatchUp(ctx)

				return err
			}) || reached

			w.told(t, row, map[string]int{"backup.copied": 2, "copy.missing": 1, "copy.replaced": 1})

			if state := w.state(t, row); state != copycatalogue.Copied {
				t.Error(state)
			}

			if t.Failed() {
				t.Fatalf("call %d failing %s", n, mode)
			}

			w.clock.Advance(7 * day)
			_, err = w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {})
			must(t, err)
		}
	}
}

// A deleted bucket is recorded as such once, whichever call fails.
func TestADeletedBucketIsRecordedDespiteEveryFailingCall(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		w := newWorld(t)
		places, named := w.Places, w.pruner.Places

		for n, reached := 1, true; reached; n++ {
			w.clock.Advance(8 * day)
			row := w.drilled(t)
			w.copied(t, row, copies.Result{Copied: 1})
			w.retire(t)

			reached = w.faulty(t, n, mode, func(ctx context.Context) error {
				_, err := w.pruner.Prune(ctx, w.clock.Now(), func(int) {})

				return err
			})

			w.told(t, row, map[string]int{"backup.copied": 1, "copy.bucket.gone": 1, "copy.pruned": 0})

			if state := w.state(t, row); state != copycatalogue.Pruned {
				t.Error(state)
			}

			if t.Failed() {
				t.Fatalf("call %d failing %s", n, mode)
			}

			w.Places, w.pruner.Places = places, named
			_, err := w.far.Create(t.Context(), wanted().Settings)
			must(t, err)
		}
	}
}

// faulty does something with a fault at the nth call, and then in peace.
func (w *world) faulty(t *testing.T, n int, mode faults.Mode, do func(context.Context) error) (reached bool) {
	t.Helper()

	counter := &faults.Counter{N: n, Mode: mode}
	if err := do(faults.With(t.Context(), counter)); err != nil && !counter.Reached() {
		t.Error(err)
	}

	if err := do(t.Context()); err != nil {
		t.Errorf("after the fault: %v", err)
	}

	return counter.Reached()
}

// told fails the test unless the ledger has these entries about a backup.
func (w *world) told(t *testing.T, of catalogue.Backup, want map[string]int) {
	t.Helper()

	for kind, times := range want {
		var count int

		must(t, w.owner.QueryRow(t.Context(), `select count(*) from ledger.entries where kind = $1 and strpos(body, $2) > 0`,
			kind, of.ID).Scan(&count))

		if count != times {
			t.Errorf("%d entries of %s, want %d", count, kind, times)
		}
	}
}
