package copies_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/removal"
	"steward/internal/report"
)

// vanished makes the far bucket, and with it the copies that lie there, be gone: it is
// deleted after the policy ceased to name it. The function puts the location back, under
// a name of the policy and with a new bucket of the same name.
func (w *world) vanished(t *testing.T, count int) (back func(name string)) {
	t.Helper()

	places, named := w.Places, w.pruner.Places

	w.retire(t)
	w.pruned(t, copies.Pruned{Vanished: count})

	return func(name string) {
		t.Helper()

		_, err := w.far.Create(t.Context(), wanted().Settings)
		must(t, err)

		w.Places, w.pruner.Places = places, named
		w.Places[0].Name, w.pruner.Places["far"] = name, name
	}
}

// A location that left the policy, lost its bucket, and comes back under the bucket's
// name gets every day that is still kept: those whose copies went with the bucket, and
// those of the time in between. Each is a copy as any other from then on.
func TestALocationThatComesBackGetsItsDaysAgain(t *testing.T) {
	t.Parallel()

	for _, name := range []string{"far", "remote"} {
		w := newWorld(t)
		_, err := w.owner.Exec(t.Context(), "insert into installation (installed_at) values ($1)", start().Add(-time.Hour))
		must(t, err)

		first := w.proven(t)
		w.copied(t, first, copies.Result{Copied: 1})
		w.clock.Advance(day)

		second := w.proven(t)
		w.copied(t, second, copies.Result{Copied: 1})

		back := w.vanished(t, 2)
		w.clock.Advance(day)
		between := w.proven(t)
		back(name)

		// Nobody copied anything yet: nothing is there to prune, and nothing is missing.
		w.pruned(t, copies.Pruned{})

		if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{Copied: 3}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}

		if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{}) {
			t.Errorf("%s: once more: %+v, %v", name, got, err)
		}

		w.copied(t, first, copies.Result{There: 1})
		w.whole(t, first, second, between)
		w.pruned(t, copies.Pruned{Kept: 3})
		w.evidence(t, map[string]int{"backup.stored": 3, "backup.drilled": 3, "backup.copied": 5, "copy.bucket.gone": 2})

		found, err := copycatalogue.Of(t.Context(), w.owner, first.ID)
		must(t, err)

		if one := found[0]; len(found) != 1 || one.State != copycatalogue.Copied || one.Location != name || one.Reason != "" ||
			!one.PrunedAt.IsZero() || !one.StartedAt.Equal(start().Add(2*day)) || !one.CopiedAt.Equal(start().Add(2*day)) {
			t.Errorf("%+v", one)
		}

		w.clock.Advance(5 * day)
		w.pruned(t, copies.Pruned{Kept: 2, Removed: 1})
		w.whole(t, second, between)
		w.told(t, first, map[string]int{"backup.copied": 2, "copy.bucket.gone": 1, "copy.pruned": 1})

		if name != "far" {
			continue // the report of these tests knows the place as far
		}

		if told := w.reported(t)[first.Day]; told.State != report.Proven || told.CopiedEntry == "" || told.PrunedEntry == "" ||
			!told.CopiedAt.Equal(start().Add(2*day)) || !told.PrunedAt.Equal(start().Add(7*day)) || broken(told) {
			t.Errorf("%+v", told)
		}
	}
}

// broken reports whether anything is held against a day.
func broken(day report.Day) bool {
	for _, each := range day.Findings {
		if each.Broken {
			return true
		}
	}

	return false
}

// What is too old by then, or gone in the first location, is not copied to a bucket that
// comes back, and neither is what went from it at its time.
func TestWhatIsNotCopiedToALocationThatComesBack(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.free(t)

	pruned := w.drilled(t)
	w.copied(t, pruned, copies.Result{Copied: 1})

	gone, old := w.drilledAfter(t, 3*day), w.drilledAfter(t, day)
	w.copied(t, gone, copies.Result{Copied: 1})
	w.copied(t, old, copies.Result{Copied: 1})
	w.clock.Advance(3 * day)
	w.pruned(t, copies.Pruned{Kept: 2, Removed: 1})
	w.vanished(t, 2)("far")
	must(t, catalogue.RecordPruned(t.Context(), w.owner, gone.ID, w.clock.Now(), "a test"))
	w.clock.Advance(day)

	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{TooLate: 1}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.copied(t, gone, copies.Result{})
	w.whole(t)

	for _, row := range []catalogue.Backup{pruned, gone, old} {
		if state := w.state(t, row); state != copycatalogue.Pruned {
			t.Errorf("%s is %s", row.Day, state)
		}
	}
}

// What lies in the new bucket under the name of an object that went with the old one is
// nobody's that Steward knows: it is refused, and stays.
func TestAStrangerInABucketThatComesBack(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.vanished(t, 1)("far")

	stranger, err := w.far.Put(t.Context(), strings.Replace(row.ManifestObject, "/manifest", "/archive", 1), strings.NewReader("x"), gcs.PutOptions{})
	must(t, err)

	if _, err := w.CatchUp(t.Context()); !failure.Is(err, failure.ObjectDiffers) {
		t.Error(err)
	}

	if there, err := w.far.Stat(t.Context(), stranger.Name); err != nil || there.Generation != stranger.Generation {
		t.Errorf("%+v, %v", there, err)
	}
}

// A prune that read the catalogue while the copies were gone would take the new objects
// for what came back: a copy is begun anew in turn with the prunes.
//
//nolint:contextcheck // the world's helpers take the test, and with it its context
func TestACopyIsBegunAnewInTurn(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.copied(t, row, copies.Result{Copied: 1})
	w.vanished(t, 1)("far")

	ended := make(chan error, 1)

	must(t, removal.Alone(t.Context(), w.Steward, removal.Backups, func(ctx context.Context) error {
		go func() {
			_, err := w.Copy(ctx, row.ID)
			ended <- err
		}()

		bound, end := context.WithTimeout(t.Context(), time.Minute) // only so that the test ends
		defer end()

		for waits := 0; waits == 0; <-time.After(time.Millisecond) {
			must(t, w.owner.QueryRow(bound, `select count(*) from pg_locks where locktype = 'advisory' and not granted
				and database = (select oid from pg_database where datname = current_database())`).Scan(&waits))

			if len(ended) > 0 {
				return errors.New("it did not wait")
			}
		}

		if state := w.state(t, row); state != copycatalogue.Pruned {
			t.Error(state)
		}

		return nil
	}))
	must(t, <-ended)
	w.whole(t, row)
	w.pruned(t, copies.Pruned{Kept: 1})
}

// A copy that is made anew, with a fault at the nth call: told once more, whole.
func TestCopiesMadeAnewSurviveEveryFailingCall(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		w := newWorld(t)

		for n, reached := 1, true; reached; n++ {
			w.clock.Advance(8 * day)
			row := w.drilled(t)
			w.copied(t, row, copies.Result{Copied: 1})
			w.vanished(t, 1)("far")

			reached = w.faulty(t, n, mode, func(ctx context.Context) error {
				_, err := w.CatchUp(ctx)

				return err
			})

			w.told(t, row, map[string]int{"backup.copied": 2, "copy.bucket.gone": 1, "copy.swept": 0, "copy.missing": 0})
			w.whole(t, row)

			if t.Failed() {
				t.Fatalf("call %d failing %s", n, mode)
			}

			w.clock.Advance(7 * day)
			w.pruner.Rule.KeepLastDrilled = false
			w.pruned(t, copies.Pruned{Removed: 1})
		}
	}
}
