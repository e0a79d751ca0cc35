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
	"steward/internal/report"
)

// retire empties the far bucket, deletes it, and takes it out of the policy.
func (w *world) retire(t *testing.T) {
	t.Helper()

	w.free(t)

	for object, err := range w.far.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		must(t, err)
		must(t, w.far.Delete(t.Context(), object.Name, object.Generation))
	}

	must(t, w.server.Client(t).Bucket("far").Delete(t.Context()))
	w.Places, w.pruner.Places = nil, map[string]string{}
}

// A location that left the policy and whose bucket was deleted is done with: each copy
// is recorded as gone, with its bucket as the reason, an exception ends, and the next
// prune has nothing to record.
func TestABucketThatWasDeleted(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	last := w.drilled(t)
	w.copied(t, last, copies.Result{Copied: 1})
	w.clock.Advance(7 * day)
	w.pruned(t, copies.Pruned{Kept: 1, Exceptions: 1})

	for object, err := range w.far.List(t.Context(), "", gcs.ListOptions{}) {
		must(t, err)
		must(t, w.far.SetHold(t.Context(), object.Name, object.Generation, false))
	}

	young := w.drilled(t)
	w.copied(t, young, copies.Result{Copied: 1})
	w.retire(t)
	w.pruned(t, copies.Pruned{Vanished: 2})
	w.pruned(t, copies.Pruned{})
	w.evidence(t, map[string]int{"backup.copied": 2, "copy.excepted": 1, "copy.exception.ended": 1, "copy.bucket.gone": 2})

	found, err := copycatalogue.Of(t.Context(), w.owner, young.ID)
	if err != nil || found[0].State != copycatalogue.Pruned || !strings.Contains(found[0].Reason, "its bucket") || found[0].PrunedAt.IsZero() {
		t.Errorf("%+v, %v", found, err)
	}

	var body string

	must(t, w.owner.QueryRow(t.Context(), `select body from ledger.entries where kind = 'copy.bucket.gone' and strpos(body, $1) > 0`, last.ID).Scan(&body))

	for _, part := range []string{`"bucket":"far"`, `"location":"far"`, last.ManifestObject, `"count":3`, last.ManifestSHA256} {
		if !strings.Contains(body, part) {
			t.Errorf("%s is not in %s", part, body)
		}
	}
}

// A deleted bucket can be restored with what lay in it, for as long as Cloud Storage
// keeps anything soft-deleted. What comes back so goes at once, with its entry; after
// that time nobody looks.
func TestADeletedBucketThatIsRestored(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.retire(t)
	w.pruned(t, copies.Pruned{Vanished: 1})
	w.clock.Advance(90*day - time.Hour)
	w.pruned(t, copies.Pruned{})

	open := wanted().Settings
	open.Retention = 0
	_, err := w.far.Create(t.Context(), open)
	must(t, err)

	restored := func() {
		_, err := w.far.Put(t.Context(), row.ManifestObject, strings.NewReader("restored"), gcs.PutOptions{})
		must(t, err)
	}

	restored()
	w.pruned(t, copies.Pruned{Orphans: 1})
	w.whole(t)
	w.evidence(t, map[string]int{"backup.copied": 1, "copy.bucket.gone": 1, "copy.swept": 1, "copy.overdue": 1})

	w.clock.Advance(time.Hour)
	restored()
	w.pruned(t, copies.Pruned{})

	if names := w.names(t); len(names) != 1 {
		t.Error(names)
	}
}

// onceNotFound is ModeNotFound for the bucket in question alone.
const onceNotFound emulator.Mode = "404 once"

// Only what is proven to be deleted is gone: a bucket that may not be read, does not
// answer, says so of its objects alone, or is asked for where nobody knows even the
// first bucket, and one that the policy names, are failures.
func TestABucketThatCannotBeReadIsNotGone(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})

	fails := func(what string, code failure.Code) {
		t.Helper()

		if got, err := w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {}); !failure.Is(err, code) || got.Vanished > 0 {
			t.Errorf("%s: %+v, %v", what, got, err)
		}

		if state := w.state(t, row); state != copycatalogue.Copied {
			t.Errorf("%s: %s", what, state)
		}
	}

	places := w.pruner.Places
	w.pruner.Places = map[string]string{}

	for _, c := range []struct {
		what       string
		list, look emulator.Mode
		code       failure.Code
	}{
		{"not allowed", emulator.ModeForbidden, "", failure.Unauthorised},
		{"does not answer", emulator.ModeUnavailableBefore, "", failure.Unavailable},
		{"broken connections", emulator.ModeDropBefore, "", failure.Unavailable},
		{"only its listing is not found", emulator.ModeNotFound, "", failure.ObjectNotFound},
		{"its settings may not be read", emulator.ModeNotFound, emulator.ModeForbidden, failure.ObjectNotFound},
		{"its settings do not answer", emulator.ModeNotFound, emulator.ModeUnavailableBefore, failure.ObjectNotFound},
		{"no bucket is known", emulator.ModeNotFound, emulator.ModeNotFound, failure.ObjectNotFound},
		{"may not be listed, and is not found", emulator.ModeForbidden, onceNotFound, failure.Unauthorised},
		{"cannot be listed, and is not found", emulator.ModeUnavailableBefore, onceNotFound, failure.Unavailable},
	} {
		_, err := w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectList, Mode: c.list, Count: emulator.Forever})
		must(t, err)

		look := emulator.Fault{Operation: emulator.OpBucketGet, Mode: c.look, Count: emulator.Forever}
		if c.look == onceNotFound {
			look.Mode, look.Count = emulator.ModeNotFound, 1 // the first bucket answers
		}

		if c.look != "" {
			_, err = w.server.InjectFault(look)
			must(t, err)
		}

		fails(c.what, c.code)
		w.server.ClearFaults()
	}

	w.retire(t)
	w.pruner.Places = places
	fails("named and not there", failure.ObjectNotFound)
	w.pruner.Places = map[string]string{}
	w.pruner.Enforce = false
	w.pruned(t, copies.Pruned{Vanished: 1})

	if state := w.state(t, row); state != copycatalogue.Copied {
		t.Errorf("in observe mode: %s", state)
	}

	w.evidence(t, map[string]int{"backup.copied": 1, "copy.missing": 1})
}

// A bucket that the policy names and that somebody deleted has lost its copies: each is
// told, once, and the run fails all the same. In a bucket of that name they are made
// again; taking the location out of the policy instead takes nothing back.
func TestANamedBucketThatWasDeleted(t *testing.T) {
	t.Parallel()

	for _, again := range []bool{true, false} {
		w := newWorld(t)
		_, err := w.owner.Exec(t.Context(), "insert into installation (installed_at) values ($1)", start().Add(-time.Hour))
		must(t, err)

		first, second := w.proven(t), w.drilledAfter(t, day)
		w.copied(t, first, copies.Result{Copied: 1})
		w.copied(t, second, copies.Result{Copied: 1})

		places, pruned := w.Places, w.pruner.Places
		w.retire(t)
		w.Places, w.pruner.Places = places, pruned

		for _, enforce := range []bool{false, true, true} {
			w.pruner.Enforce = enforce

			got, err := w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {})
			if !failure.Is(err, failure.ObjectNotFound) || got != (copies.Pruned{Missing: 6}) {
				t.Errorf("%+v, %v", got, err)
			}
		}

		told := map[string]int{"backup.stored": 1, "backup.drilled": 1, "backup.copied": 2, "copy.missing": 2}
		w.evidence(t, told)

		if _, err := w.CatchUp(t.Context()); !failure.Is(err, failure.ObjectNotFound) {
			t.Error(err)
		}

		if !again {
			w.Places, w.pruner.Places = nil, map[string]string{}
			w.pruned(t, copies.Pruned{Vanished: 2})

			if day := w.reported(t)[first.Day]; len(day.Findings) == 0 || day.Findings[0].Code != report.FindLost {
				t.Errorf("%+v", day)
			}

			continue
		}

		_, err = w.far.Create(t.Context(), wanted().Settings)
		must(t, err)

		if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{Copied: 2}) {
			t.Errorf("%+v, %v", got, err)
		}

		w.whole(t, first, second)
		w.pruned(t, copies.Pruned{Kept: 2})
	}
}
