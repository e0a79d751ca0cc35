package removal_test

import (
	"slices"
	"testing"

	"steward/internal/catalogue"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
)

// A prune in which the nth outside call fails, before or after its effect, is
// finished by the next: recorded once, nothing left, nothing else touched. Each
// round makes the same work anew: an exception begins, then it ends with hold,
// deletion, proof and receipt, while an orphan and a late object go and a missing
// object is told.
func TestAPruneSurvivesEveryFailingCall(t *testing.T) {
	t.Parallel()

	points := 0

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		s := newShelf(t, gcsPlain())
		s.put(t, "app/nobodys")

		old := s.drilled(t)

		for n, reached := 1, true; reached; n++ {
			r := &round{shelf: s, n: n, mode: mode}
			old = r.play(t, old)
			reached = r.reached

			if t.Failed() {
				t.Fatalf("call %d failing %s", n, mode)
			}

			points++
		}
	}

	t.Logf("points=%d", points)
}

// round is one scenario with a fault at one call.
type round struct {
	*shelf

	n       int
	mode    faults.Mode
	reached bool
}

// faulty runs with the fault, then without: that must go well.
func (r *round) faulty(t *testing.T) {
	t.Helper()

	counter := &faults.Counter{N: r.n, Mode: r.mode}
	_, err := r.run(faults.With(t.Context(), counter))
	r.reached = r.reached || counter.Reached()

	if err == nil && counter.Reached() && r.mode == faults.Before {
		t.Logf("call %d was made good by itself", r.n)
	}

	if _, err := r.run(t.Context()); err != nil {
		t.Errorf("after the fault: %v", err)
	}
}

// play gives the backup that the next round begins with.
func (r *round) play(t *testing.T, old catalogue.Backup) catalogue.Backup {
	t.Helper()

	r.clock.Advance(9 * day)
	r.faulty(t)
	r.expect(t, old, map[ledger.Kind]int{ledger.BackupExcepted: 1})

	if held := r.held(t); held != 2 {
		t.Errorf("%d objects are held", held)
	}

	broken := r.drilled(t)
	objects, err := catalogue.Objects(t.Context(), r.owner, broken.ID)
	must(t, err)
	must(t, r.Bucket.Delete(t.Context(), objects[0].Name, objects[0].Generation))
	r.clock.Advance(day)

	young := r.drilled(t)
	orphan, late := r.stored(t, young, ids.New("att"), "archive"), r.stored(t, young, ids.New("att"), "globals")
	must(t, catalogue.RecordOrphanGone(t.Context(), r.owner, late, r.clock.Now()))

	r.faulty(t)
	r.expect(t, old, map[ledger.Kind]int{ledger.BackupExcepted: 1, ledger.BackupExceptionEnded: 1, ledger.BackupPruned: 1})
	r.expect(t, broken, map[ledger.Kind]int{ledger.BackupMissing: 1})

	swept := 0
	for _, body := range r.bodies(t, ledger.BackupSwept) {
		for _, name := range []string{orphan, late} {
			if contains(body, name) {
				swept++
			}
		}
	}

	names := r.names(t)
	if swept != 2 || slices.Contains(names, orphan) || slices.Contains(names, late) || !slices.Contains(names, "app/nobodys") || len(names) != 4 {
		t.Errorf("%d receipts of leftovers, left %v", swept, names)
	}

	if state, held := r.state(t, old.ID), r.held(t); state != catalogue.Pruned || held != 0 {
		t.Errorf("%s, %d held", state, held)
	}

	return young
}

// expect fails the test unless the ledger has exactly these entries about a backup.
func (r *round) expect(t *testing.T, of catalogue.Backup, want map[ledger.Kind]int) {
	t.Helper()

	for _, kind := range []ledger.Kind{
		ledger.BackupExcepted, ledger.BackupExceptionEnded, ledger.BackupPruned, ledger.BackupMissing, ledger.BackupOverdue,
	} {
		count := 0

		for _, body := range r.bodies(t, kind) {
			if contains(body, of.ID) {
				count++
			}
		}

		if count != want[kind] {
			t.Errorf("%d entries %s, want %d", count, kind, want[kind])
		}
	}
}
