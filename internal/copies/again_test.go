package copies_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/copycatalogue"
	"steward/internal/doctor/stored"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// free takes the retention off the far bucket, as whoever damages it may.
func (w *world) free(t *testing.T) {
	t.Helper()

	have, err := w.far.Settings(t.Context())
	must(t, err)

	open := have
	open.Retention = 0
	must(t, w.far.Update(t.Context(), have, open))
}

// lose removes an object of a copy, behind Steward's back.
func (w *world) lose(t *testing.T, of catalogue.Backup, kind string) string {
	t.Helper()

	stat, err := w.far.Stat(t.Context(), strings.Replace(of.ManifestObject, "/manifest", "/"+kind, 1))
	must(t, err)
	must(t, w.far.Delete(t.Context(), stat.Name, stat.Generation))

	return stat.Name
}

// A copy that lost an object, whichever, is told and made again while its original is
// kept: what is still there is compared, what is not is copied. Then it is as any other.
func TestACopyThatLostAnObjectIsMadeAgain(t *testing.T) {
	t.Parallel()

	for _, kind := range []string{"archive", "globals", "manifest"} {
		w := newWorld(t)
		w.free(t)

		row, other := w.drilled(t), w.drilledAfter(t, day)
		w.copied(t, row, copies.Result{Copied: 1})
		w.copied(t, other, copies.Result{Copied: 1})
		w.lose(t, row, kind)

		// Nobody has seen it yet.
		w.copied(t, row, copies.Result{There: 1})
		w.pruned(t, copies.Pruned{Kept: 2, Missing: 1})

		if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{Copied: 1}) {
			t.Errorf("%s: %+v, %v", kind, got, err)
		}

		if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{}) {
			t.Errorf("%s: once more: %+v, %v", kind, got, err)
		}

		w.whole(t, row, other)
		w.pruned(t, copies.Pruned{Kept: 2})
		w.evidence(t, map[string]int{"backup.copied": 3, "copy.missing": 1})

		// The same object is lost once more.
		w.lose(t, row, kind)
		w.pruned(t, copies.Pruned{Kept: 2, Missing: 1})
		w.copied(t, row, copies.Result{Copied: 1})
		w.whole(t, row, other)
		w.evidence(t, map[string]int{"backup.copied": 4, "copy.missing": 2})

		w.clock.Advance(6 * day)
		w.pruned(t, copies.Pruned{Kept: 1, Removed: 1})
	}
}

// What somebody put in an object's place is told, removed by its generation, and the
// object copied again; where the bucket keeps it, that is a failure which goes on.
func TestAnObjectThatWasReplacedIsCopiedAgain(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.free(t)

	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})

	name := w.lose(t, row, "archive")
	lie, err := w.far.Put(t.Context(), name, strings.NewReader("no rows"), gcs.PutOptions{})
	must(t, err)
	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})

	_, err = w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectDelete, Mode: emulator.ModeForbidden, Count: 1})
	must(t, err)

	if _, err := w.CatchUp(t.Context()); !failure.Is(err, failure.Unauthorised) {
		t.Error(err)
	}

	if there, err := w.far.Stat(t.Context(), name); err != nil || there.Generation != lie.Generation || w.state(t, row) != copycatalogue.Running {
		t.Errorf("%+v, %v, %s", there, err, w.state(t, row))
	}

	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{Copied: 1}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.whole(t, row)
	w.pruned(t, copies.Pruned{Kept: 1})
	w.evidence(t, map[string]int{"backup.copied": 2, "copy.missing": 1, "copy.replaced": 1})
}

// A copy that could not be made again in time goes as one that was whole once, with all
// that is left of it; until then an auditor finds it bad.
func TestACopyThatIsNotMadeAgainInTime(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.free(t)

	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.lose(t, row, "archive")
	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})

	_, err := w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectRewrite, Mode: emulator.ModeForbidden, Count: emulator.Forever})
	must(t, err)

	if _, err := w.CatchUp(t.Context()); !failure.Is(err, failure.Unauthorised) || w.state(t, row) != copycatalogue.Running {
		t.Errorf("%v, %s", err, w.state(t, row))
	}

	found, err := copycatalogue.Of(t.Context(), w.owner, row.ID)
	must(t, err)

	checker := &stored.Checker{Steward: w.owner, Bucket: w.near, Verifier: w.Verifier}
	if got, err := checker.CheckCopy(t.Context(), row, found[0], w.far, w.clock.Now()); err != nil || got.Verdict != stored.Bad {
		t.Errorf("%+v, %v", got, err)
	}

	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})
	w.clock.Advance(7*day - time.Hour)

	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{TooLate: 1}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.clock.Advance(time.Hour)
	w.pruned(t, copies.Pruned{Removed: 1})
	w.whole(t)
	w.evidence(t, map[string]int{"backup.copied": 1, "copy.missing": 1, "copy.pruned": 1})

	if found, err = copycatalogue.Of(t.Context(), w.owner, row.ID); err != nil || !strings.HasPrefix(found[0].Reason, "its 7 days were over") {
		t.Errorf("%+v, %v", found, err)
	}
}

// A copy that is whole is never taken back, and one that is gone never made again.
func TestWhatIsNotMadeAgain(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.free(t)
	w.pruner.Rule.KeepLastDrilled = false

	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})

	if again, err := copycatalogue.Reopen(t.Context(), w.Steward, row.ID, "far"); err != nil || again {
		t.Error(again, err)
	}

	if _, err := w.Steward.Exec(t.Context(), `update backup_copies set state = 'running'`); err == nil {
		t.Error("a whole copy was taken back")
	}

	w.lose(t, row, "archive")
	w.pruned(t, copies.Pruned{Kept: 1, Missing: 1})
	w.clock.Advance(7 * day)
	w.pruned(t, copies.Pruned{Removed: 1})

	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.evidence(t, map[string]int{"backup.copied": 1, "copy.missing": 1, "copy.pruned": 1})
}
