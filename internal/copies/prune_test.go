package copies_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/copies"
	"steward/internal/copycatalogue"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// When backups stop, the newest copy stays under a hold as the newest original does,
// and goes when there is a younger one.
func TestTheLastCopyIsHeld(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	last := w.drilled(t)
	w.copied(t, last, copies.Result{Copied: 1})
	w.clock.Advance(7 * day)

	for range 3 {
		w.pruned(t, copies.Pruned{Kept: 1, Exceptions: 1})
		w.clock.Advance(day) // the lifecycle rule of the bucket acts, and the hold forbids it
	}

	w.whole(t, last)
	w.evidence(t, map[string]int{"backup.copied": 1, "copy.excepted": 1})

	young := w.drilled(t)
	w.copied(t, young, copies.Result{Copied: 1})
	w.pruned(t, copies.Pruned{Kept: 1, Removed: 1})
	w.whole(t, young)
	w.evidence(t, map[string]int{"backup.copied": 2, "copy.excepted": 1, "copy.exception.ended": 1, "copy.pruned": 1})
}

// A location that left the policy gets nothing more, and what lies there goes at its
// time, the last too: no younger one will ever come.
func TestALocationThatLeftThePolicy(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})

	w.Places, w.pruner.Places = nil, map[string]string{}
	w.clock.Advance(7*day - time.Second)
	w.pruned(t, copies.Pruned{Kept: 1})
	w.whole(t, row)
	w.clock.Advance(time.Second)
	w.pruned(t, copies.Pruned{Removed: 1})
	w.whole(t)
	w.pruned(t, copies.Pruned{}) // it is not even looked at any more
	w.evidence(t, map[string]int{"backup.copied": 1, "copy.ceiling.honoured": 1, "copy.pruned": 1})

	w.left(t, "copy.ceiling.honoured")
}

// left looks for the one entry of that kind, which says that the location left.
func (w *world) left(t *testing.T, kind string) {
	t.Helper()

	var said string

	must(t, w.owner.QueryRow(t.Context(), `select body from ledger.entries where kind = $1`, kind).Scan(&said))

	if !strings.Contains(said, `"cause":"location_left_policy"`) {
		t.Error(said)
	}
}

// A copy that is kept beyond its time when its location leaves the policy goes then,
// and the ledger says why.
func TestAnExceptionWhoseLocationLeavesThePolicy(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.clock.Advance(7 * day)
	w.pruned(t, copies.Pruned{Kept: 1, Exceptions: 1})

	w.pruner.Places = map[string]string{}
	w.pruned(t, copies.Pruned{Removed: 1})

	w.left(t, "copy.exception.ended")
}

// What a killed copy left goes at the end of its backup's time; an object that
// appears after that goes within the next run; nobody else's is touched.
func TestLeftoversOfCopies(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	_, err := w.server.InjectFault(emulator.Fault{
		Operation: emulator.OpObjectRewrite, Mode: emulator.ModeForbidden, Skip: 1, Count: emulator.Forever,
	})
	must(t, err)

	if _, err := w.Copy(t.Context(), row.ID); !failure.Is(err, failure.Unauthorised) {
		t.Error(err)
	}

	w.server.ClearFaults()

	w.pruned(t, copies.Pruned{Kept: 1})
	w.clock.Advance(7 * day)

	_, err = w.far.Put(t.Context(), "app/nobodys", strings.NewReader("x"), gcs.PutOptions{})
	must(t, err)

	w.pruned(t, copies.Pruned{Removed: 1, Foreign: 1})

	late := strings.Replace(row.ManifestObject, "/manifest", "/globals", 1)
	_, err = w.far.Put(t.Context(), late, strings.NewReader("late"), gcs.PutOptions{})
	must(t, err)

	// The bucket keeps it for now; it goes when that ends.
	w.pruned(t, copies.Pruned{Foreign: 1, Waiting: 1})
	w.clock.Advance(84 * time.Hour)
	w.pruned(t, copies.Pruned{Foreign: 1, Orphans: 1})

	if names := w.names(t); len(names) != 1 || names[0] != "app/nobodys" {
		t.Error(names)
	}

	w.evidence(t, map[string]int{"copy.pruned": 1, "copy.swept": 1, "copy.overdue": 1})
}

// A bucket of copies that does not answer is a failure of its own; what outstays its
// time there is told with that cause. Somebody who took an object is found out.
func TestWhatCannotGoIsTold(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.pruner.Rule.KeepLastDrilled = false
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.clock.Advance(5 * day)

	stat, err := w.far.Stat(t.Context(), row.ManifestObject)
	must(t, err)
	must(t, w.far.Delete(t.Context(), stat.Name, stat.Generation))
	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})
	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})

	_, err = w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectList, Mode: emulator.ModeForbidden, Count: emulator.Forever})
	must(t, err)
	w.clock.Advance(2*day + 2*time.Hour)

	for range 2 {
		if _, err := w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {}); !failure.Is(err, failure.Unauthorised) {
			t.Error(err)
		}
	}

	w.evidence(t, map[string]int{"backup.copied": 1, "copy.missing": 1, "copy.overdue": 3})
	w.server.ClearFaults()
	w.pruned(t, copies.Pruned{Removed: 1})
}

// In observe mode nothing goes, and what would is counted.
func TestObservedCopiesStay(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.pruner.Enforce, w.pruner.Rule.KeepLastDrilled = false, false
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.clock.Advance(7 * day)
	w.pruned(t, copies.Pruned{Due: 1})
	w.whole(t, row)

	if w.state(t, row) != copycatalogue.Copied {
		t.Error(w.state(t, row))
	}
}
