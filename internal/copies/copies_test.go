package copies_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/copies"
	"steward/internal/copycatalogue"
	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// The whole way: a proven backup is copied once, lies in both buckets, and goes from
// the second at the end of its time, with a receipt that names the location.
func TestACopyIsMadeAndGoes(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	old := w.drilled(t)
	w.copied(t, old, copies.Result{Copied: 1})
	w.copied(t, old, copies.Result{There: 1})
	w.whole(t, old)
	w.pruned(t, copies.Pruned{Kept: 1})
	w.clock.Advance(day)

	young := w.drilled(t)
	w.copied(t, young, copies.Result{Copied: 1})
	w.whole(t, old, young)
	w.clock.Advance(6*day - time.Minute)
	w.pruned(t, copies.Pruned{Kept: 2})
	w.clock.Advance(time.Minute)
	w.pruned(t, copies.Pruned{Kept: 1, Removed: 1})
	w.whole(t, young)
	w.evidence(t, map[string]int{"backup.copied": 2, "copy.pruned": 1})

	var receipt string

	must(t, w.owner.QueryRow(t.Context(), `select body from ledger.entries where kind = 'copy.pruned'`).Scan(&receipt))

	for _, part := range []string{`"location":"far"`, old.ID, old.ManifestObject, `"count":3`, old.ManifestSHA256} {
		if !strings.Contains(receipt, part) {
			t.Errorf("%s is not in %s", part, receipt)
		}
	}

	if w.state(t, old) != copycatalogue.Pruned || w.state(t, young) != copycatalogue.Copied {
		t.Error(w.state(t, old), w.state(t, young))
	}
}

// What no drill has proven is not copied, and the database does not take such a row.
func TestOnlyWhatIsProvenIsCopied(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.taken(t)
	w.copied(t, row, copies.Result{})

	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{}) {
		t.Errorf("%+v, %v", got, err)
	}

	_, err := copycatalogue.Begin(t.Context(), w.Steward, copycatalogue.Copy{Backup: row.ID, Bucket: "far", Location: "far", StartedAt: start()})
	if !failure.Is(err, failure.Unauthorised) {
		t.Error(err)
	}

	w.evidence(t, map[string]int{})
}

// A far bucket that is gone for a whole day costs nothing but time: the next look
// catches up, the newest backup first, and one that could not be deleted in time any
// more is left out.
func TestAFarBucketThatIsGoneForDays(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	oldest := w.drilled(t)
	_, err := w.server.InjectFault(emulator.Fault{Operation: emulator.OpBucketGet, Mode: emulator.ModeUnavailableBefore, Count: emulator.Forever})
	must(t, err)

	if got, err := w.Copy(t.Context(), oldest.ID); !failure.Is(err, failure.Unavailable) || got != (copies.Result{}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.clock.Advance(2 * day)

	second := w.drilled(t)

	if _, err := w.CatchUp(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	w.server.ClearFaults()
	w.clock.Advance(84*time.Hour - 2*day - time.Hour - time.Minute)

	// The bucket keeps a copy for 84 hours from now, until a minute before the last
	// hour of the oldest one's time.
	if got, err := w.CatchUp(t.Context()); err != nil || got != (copies.Result{Copied: 2}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.clock.Advance(84*time.Hour + time.Minute)
	w.pruned(t, copies.Pruned{Kept: 2})
	w.clock.Advance(time.Hour)
	w.pruned(t, copies.Pruned{Kept: 1, Removed: 1}) // to the hour: its time, not the copy's
	w.whole(t, second)
	w.clock.Advance(day)
	w.evidence(t, map[string]int{"backup.copied": 2, "copy.pruned": 1})
}

func TestACopyThatCouldNotGoInTimeIsNotMade(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.clock.Advance(84*time.Hour - time.Hour)
	w.copied(t, row, copies.Result{TooLate: 1})
	w.whole(t)
	w.evidence(t, map[string]int{})
}

// A copy takes hours, and each of its objects is kept from when it is stored: one that
// would be stored too late is not begun, though those before it were in time.
func TestAnObjectThatCouldNotGoInTimeIsNotCopied(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	w.clock.Advance(84*time.Hour - time.Hour - time.Minute)

	w.Progress = func(phase string, _ int64) {
		if phase == "copy globals to far" {
			w.clock.Advance(time.Minute) // so long took the archive
			w.Progress = nil
		}
	}

	w.copied(t, row, copies.Result{TooLate: 1})

	names := w.names(t)
	if len(names) != 2 || w.state(t, row) != copycatalogue.Running {
		t.Errorf("%s, %v", w.state(t, row), names)
	}

	w.evidence(t, map[string]int{})

	// What was stored goes at the end of the backup's time.
	w.clock.Advance(84*time.Hour + time.Hour)
	w.pruned(t, copies.Pruned{Removed: 1})
	w.whole(t)
}

// The service may be at one object for hours; when its time is over it is given up,
// in the middle of a request too.
func TestACopyIsGivenUpWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)
	_, err := w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectRewrite, Mode: emulator.ModeStall, Count: emulator.Forever})
	must(t, err)
	w.clock.Advance(84*time.Hour - time.Hour - 50*time.Millisecond)
	w.copied(t, row, copies.Result{TooLate: 1})

	if state := w.state(t, row); state != copycatalogue.Running {
		t.Error(state)
	}
}

// Nothing is stored where it would live on, or where others could read it.
func TestABucketThatHasDriftedGetsNoCopy(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.Places[0].Bucket = w.client.Bucket("soft")
	w.Places[0].Wanted.Name = "soft"
	settings := wanted().Settings
	settings.SoftDelete = 7 * day
	_, err := w.Places[0].Bucket.Create(t.Context(), settings)
	must(t, err)

	row := w.drilled(t)
	if _, err := w.Copy(t.Context(), row.ID); !failure.Is(err, failure.BucketDrift) || !strings.Contains(err.Error(), "deleted objects stay for 7d") {
		t.Error(err)
	}

	w.Places[0].Bucket = w.client.Bucket("absent")
	if _, err := w.Copy(t.Context(), row.ID); !failure.Is(err, failure.ObjectNotFound) {
		t.Error(err)
	}
}

// One location that fails does not keep the next from its copy.
func TestTwoLocations(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	other := copies.Place{Name: "absent", Bucket: w.client.Bucket("absent"), Wanted: wanted()}
	w.Places = []copies.Place{other, w.Places[0]}
	row := w.drilled(t)

	if got, err := w.Copy(t.Context(), row.ID); err == nil || got != (copies.Result{Copied: 1}) {
		t.Errorf("%+v, %v", got, err)
	}

	w.whole(t, row)
}

// What lies under a name already is the copy only if it is the same in every byte
// and says so; anything else is refused, not overwritten.
func TestWhatIsThereAlready(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)

	name := strings.Replace(row.ManifestObject, "/manifest", "/archive", 1)
	put, err := w.far.Put(t.Context(), name, strings.NewReader("all rows of "+row.Day), gcs.PutOptions{})
	must(t, err)

	for range 2 {
		if _, err := w.Copy(t.Context(), row.ID); !failure.Is(err, failure.ObjectDiffers) {
			t.Error(err)
		}
	}

	if there, err := w.far.Stat(t.Context(), name); err != nil || there.Generation != put.Generation {
		t.Errorf("%+v, %v", there, err)
	}

	if state := w.state(t, row); state != copycatalogue.Running {
		t.Error(state)
	}
}

// A service that did what was asked and says 412, 503 or nothing at all is believed
// only as far as what lies there.
func TestAnswersThatAreLost(t *testing.T) {
	t.Parallel()

	for _, mode := range []emulator.Mode{
		emulator.ModePrecondition, emulator.ModeUnavailableAfter, emulator.ModeUnavailableBefore, emulator.ModeDropAfter, emulator.ModeDropBefore,
	} {
		w := newWorld(t)
		row := w.drilled(t)
		_, err := w.server.InjectFault(emulator.Fault{Operation: emulator.OpObjectRewrite, Mode: mode, Count: 2})
		must(t, err)

		w.copied(t, row, copies.Result{Copied: 1})
		w.whole(t, row)
		w.evidence(t, map[string]int{"backup.copied": 1})
	}
}

// A run that ends between two objects leaves no copy, and the next goes on.
func TestARunThatEndsBetweenTwoObjects(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	row := w.drilled(t)

	for _, phase := range []string{"copy archive to far", "copy globals to far", "copy manifest to far"} {
		ctx, stop := context.WithCancel(t.Context())
		w.Progress = func(at string, _ int64) {
			if at == phase {
				stop()
			}
		}

		if _, err := w.Copy(ctx, row.ID); err == nil {
			t.Errorf("%s went on", phase)
		}

		if state := w.state(t, row); state != copycatalogue.Running {
			t.Errorf("%s: %s", phase, state)
		}

		stop()
	}

	w.Progress = nil
	w.copied(t, row, copies.Result{Copied: 1})
	w.whole(t, row)
	w.evidence(t, map[string]int{"backup.copied": 1})
}
