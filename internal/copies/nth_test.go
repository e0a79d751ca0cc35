package copies_test

import (
	"testing"
	"time"

	"steward/internal/copycatalogue"
	"steward/internal/faults"
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

	for _, kind := range []string{"backup.copied", "copy.pruned"} {
		var count int

		must(t, w.owner.QueryRow(t.Context(), `select count(*) from ledger.entries where kind = $1 and strpos(body, $2) > 0`,
			kind, row.ID).Scan(&count))

		if count != 1 {
			t.Errorf("%d entries of %s", count, kind)
		}
	}

	return reached
}
