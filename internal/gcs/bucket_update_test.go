package gcs_test

import (
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/gcs"
)

const aDay = 24 * time.Hour

// drifted is the opposite of tidy in every setting that Update can set.
func drifted() gcs.Settings {
	return gcs.Settings{
		Location: "EU", SoftDelete: 7 * aDay, Versioning: true, Retention: 9 * aDay, KMSKey: "projects/p/locations/eu/keyRings/r/cryptoKeys/k",
	}
}

func tidy() gcs.Settings {
	return gcs.Settings{
		Location: "EU", DefaultHold: true, UniformAccess: true, PublicAccessPrevented: true, LifecycleDeleteAfter: 8 * aDay,
	}
}

func (w world) settings(t *testing.T) gcs.Settings {
	t.Helper()

	have, err := w.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	return have
}

// Every setting can be set, and taken back, in one request.
func TestUpdateSetsEverySetting(t *testing.T) {
	t.Parallel()

	w := open(t, drifted())

	for _, wanted := range []gcs.Settings{tidy(), drifted(), tidy()} {
		read := w.settings(t)
		if err := w.Update(t.Context(), read, wanted); err != nil {
			t.Fatal(err)
		}

		wanted.Metageneration = read.Metageneration + 1
		if diff := cmp.Diff(wanted, w.settings(t)); diff != "" {
			t.Error(diff)
		}
	}
}

// What is not named stays, rules that nobody knows too; where lifecycle differs
// they are replaced.
func TestUpdateChangesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()

	w := open(t, tidy())
	rules := storage.Lifecycle{Rules: []storage.LifecycleRule{{
		Action: storage.LifecycleAction{Type: storage.DeleteAction}, Condition: storage.LifecycleCondition{AgeInDays: 1, MatchesPrefix: []string{"a"}},
	}}}

	if _, err := w.server.Client(t).Bucket("backups").Update(t.Context(), storage.BucketAttrsToUpdate{Lifecycle: &rules}); err != nil {
		t.Fatal(err)
	}

	read := w.settings(t)

	wanted := read
	wanted.Versioning = true

	if err := w.Update(t.Context(), read, wanted); err != nil {
		t.Fatal(err)
	}

	if got := w.settings(t); !got.Versioning || got.OtherLifecycleRules != 1 {
		t.Errorf("%+v", got)
	}

	read = w.settings(t)
	wanted = read
	wanted.OtherLifecycleRules, wanted.LifecycleDeleteAfter = 0, 8*aDay

	if err := w.Update(t.Context(), read, wanted); err != nil {
		t.Fatal(err)
	}

	if got := w.settings(t); got.OtherLifecycleRules != 0 || got.LifecycleDeleteAfter != 8*aDay || !got.Versioning {
		t.Errorf("%+v", got)
	}
}

// Settings that somebody else changed after they were read are left alone.
func TestUpdateOfWhatSomebodyElseChanged(t *testing.T) {
	t.Parallel()

	w := open(t, drifted())
	read := w.settings(t)

	theirs := read
	theirs.Versioning = false

	if err := w.Update(t.Context(), read, theirs); err != nil {
		t.Fatal(err)
	}

	coded(t, "another's change", w.Update(t.Context(), read, tidy()), failure.BucketChanged)

	if got := w.settings(t); got.Versioning || got.SoftDelete != 7*aDay || got.Metageneration != read.Metageneration+1 {
		t.Errorf("%+v", got)
	}
}

// An answer that is lost after the change was made is no failure; what the service
// refuses is.
func TestUpdateThroughFaults(t *testing.T) {
	t.Parallel()

	w := open(t, drifted())

	for mode, code := range map[emulator.Mode]failure.Code{
		emulator.ModeDropAfter: "", emulator.ModePrecondition: "", emulator.ModeUnavailableBefore: "", emulator.ModeForbidden: failure.Unauthorised,
	} {
		read := w.settings(t)

		wanted := read
		wanted.DefaultHold = !read.DefaultHold

		w.inject(t, emulator.Fault{Operation: emulator.OpBucketPatch, Mode: mode})

		err := w.Update(t.Context(), read, wanted)
		if failure.CodeOf(err) != code {
			t.Errorf("%s: %v", mode, err)
		}

		if done := w.settings(t).DefaultHold == wanted.DefaultHold; done != (code == "") {
			t.Errorf("%s: changed: %v", mode, done)
		}
	}

	coded(t, "no bucket", w.client.Bucket("none").Update(t.Context(), w.settings(t), tidy()), failure.ObjectNotFound)
}
