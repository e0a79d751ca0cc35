package gcs_test

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
)

const day = 24 * time.Hour

func TestSoftDeletedEndsAtItsInstant(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, nil)
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	must(t, b.Object("a").Delete(t.Context()))
	// Switching soft delete off is no way out: it concerns later deletions only.
	_, err = b.Update(t.Context(), storage.BucketAttrsToUpdate{SoftDeletePolicy: &storage.SoftDeletePolicy{}})
	must(t, err)
	w.clock.Advance(7*day - time.Microsecond)
	wantCensus(t, b, 0, 0, 1)
	w.clock.Advance(time.Microsecond)
	wantCensus(t, b, 0, 0, 0)
}

func TestRetentionEndsAtItsInstant(t *testing.T) {
	t.Parallel()
	w := start(t)
	attrs := noSoftDelete()
	attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: 7*day - time.Hour}
	b := w.bucket(t, attrs)
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	w.clock.Advance(7*day - time.Hour - time.Microsecond)
	wantStatus(t, b.Object("a").Delete(t.Context()), http.StatusForbidden)
	w.clock.Advance(time.Microsecond)
	must(t, b.Object("a").Delete(t.Context()))
}

func TestReleasingAnEventBasedHoldRestartsRetention(t *testing.T) {
	t.Parallel()
	w := start(t)
	attrs := noSoftDelete()
	attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: day}
	b := w.bucket(t, attrs)
	o := b.Object("a")
	_, err := put(t.Context(), o, []byte("1"))
	must(t, err)
	_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{EventBasedHold: true})
	must(t, err)
	w.clock.Advance(3 * day)
	wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
	got, err := o.Update(t.Context(), storage.ObjectAttrsToUpdate{EventBasedHold: false})
	must(t, err)
	if want := w.clock.Now().Add(day); !got.RetentionExpirationTime.Equal(want) {
		t.Errorf("retained until %v, want %v", got.RetentionExpirationTime, want)
	}
	w.clock.Advance(day - time.Second)
	wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
	w.clock.Advance(time.Second)
	must(t, o.Delete(t.Context()))
}

func TestLockedRetentionOnlyGrows(t *testing.T) {
	t.Parallel()
	w := start(t)
	attrs := noSoftDelete()
	attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: day}
	b := w.bucket(t, attrs)
	wantStatus(t, b.If(storage.BucketConditions{MetagenerationMatch: 9}).LockRetentionPolicy(t.Context()), http.StatusPreconditionFailed)
	must(t, b.If(storage.BucketConditions{MetagenerationMatch: 1}).LockRetentionPolicy(t.Context()))
	for _, period := range []time.Duration{0, time.Hour} {
		update := storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: period}}
		_, err := b.Update(t.Context(), update)
		wantStatus(t, err, http.StatusForbidden)
	}
	got, err := b.Update(t.Context(), storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{RetentionPeriod: 2 * day}})
	must(t, err)
	if !got.RetentionPolicy.IsLocked || got.RetentionPolicy.RetentionPeriod != 2*day {
		t.Errorf("got %+v", got.RetentionPolicy)
	}
}

func TestObjectRetention(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.client.Bucket("backups").SetObjectRetention(true)
	must(t, b.Create(t.Context(), "project", noSoftDelete()))
	o := b.Object("a")
	_, err := put(t.Context(), o, []byte("1"))
	must(t, err)
	until := w.clock.Now().Add(day)
	set := func(mode string, at time.Time) error {
		_, err := o.OverrideUnlockedRetention(false).Update(t.Context(), storage.ObjectAttrsToUpdate{
			Retention: &storage.ObjectRetention{Mode: mode, RetainUntil: at},
		})
		return err // a test's helper
	}
	must(t, set("Unlocked", until))
	wantStatus(t, set("Unlocked", until.Add(-time.Hour)), http.StatusForbidden)
	must(t, set("Locked", until))
	wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
	w.clock.Advance(day)
	must(t, o.Delete(t.Context()))
}

func rule(action string, condition storage.LifecycleCondition) storage.LifecycleRule {
	return storage.LifecycleRule{Action: storage.LifecycleAction{Type: action, StorageClass: "NEARLINE"}, Condition: condition}
}

func TestLifecycleDeletesByAge(t *testing.T) {
	t.Parallel()
	w := start(t)
	attrs := noSoftDelete()
	attrs.Lifecycle = storage.Lifecycle{Rules: []storage.LifecycleRule{
		rule(storage.DeleteAction, storage.LifecycleCondition{AgeInDays: 8, Liveness: storage.Live, MatchesPrefix: []string{"app/"}}),
	}}
	b := w.bucket(t, attrs)
	for _, name := range []string{"app/1", "app/held", "other"} {
		_, err := put(t.Context(), b.Object(name), []byte("1"))
		must(t, err)
	}
	_, err := b.Object("app/held").Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: true})
	must(t, err)
	w.clock.Advance(8*day - time.Second)
	wantCensus(t, b, 3, 3, 0)
	w.clock.Advance(time.Second)
	wantCensus(t, b, 2, 2, 0)
	_, err = b.Object("app/held").Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: false})
	must(t, err)
	wantCensus(t, b, 1, 1, 0) // what was held is found later
}

func TestLifecycleOfVersions(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, &storage.BucketAttrs{
		VersioningEnabled: true,
		Lifecycle: storage.Lifecycle{Rules: []storage.LifecycleRule{
			rule(storage.SetStorageClassAction, storage.LifecycleCondition{AgeInDays: 1, Liveness: storage.Live}),
			rule(storage.DeleteAction, storage.LifecycleCondition{AgeInDays: 2, Liveness: storage.Live}),
			rule(storage.DeleteAction, storage.LifecycleCondition{DaysSinceNoncurrentTime: 3}),
		}},
	})
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	w.clock.Advance(day)
	got, err := b.Object("a").Attrs(t.Context())
	must(t, err)
	if got.StorageClass != "NEARLINE" {
		t.Errorf("class %s", got.StorageClass)
	}
	w.clock.Advance(day)
	wantCensus(t, b, 0, 1, 0) // a delete in a versioned bucket makes it noncurrent first
	w.clock.Advance(3*day - time.Second)
	wantCensus(t, b, 0, 1, 0)
	w.clock.Advance(time.Second)
	wantCensus(t, b, 0, 0, 1) // then soft-deleted, by the default policy
	w.clock.Advance(7 * day)
	wantCensus(t, b, 0, 0, 0)
}

func TestLifecycleConditions(t *testing.T) {
	t.Parallel()
	w := start(t)
	attrs := noSoftDelete()
	attrs.Lifecycle = storage.Lifecycle{Rules: []storage.LifecycleRule{
		rule(storage.DeleteAction, storage.LifecycleCondition{MatchesSuffix: []string{".tmp"}, MatchesStorageClasses: []string{"STANDARD"}}),
		rule(storage.DeleteAction, storage.LifecycleCondition{CreatedBefore: epoch.Add(-day), MatchesPrefix: []string{"keep"}}),
		rule(storage.DeleteAction, storage.LifecycleCondition{DaysSinceCustomTime: 2, CustomTimeBefore: epoch.Add(day)}),
		rule(storage.DeleteAction, storage.LifecycleCondition{NumNewerVersions: 1, NoncurrentTimeBefore: epoch}),
	}}
	b := w.bucket(t, attrs)
	for _, name := range []string{"a.tmp", "keep", "custom"} {
		_, err := put(t.Context(), b.Object(name), []byte("1"))
		must(t, err)
	}
	_, err := b.Object("custom").Update(t.Context(), storage.ObjectAttrsToUpdate{CustomTime: epoch})
	must(t, err)
	wantCensus(t, b, 2, 2, 0)
	w.clock.Advance(2 * day)
	wantCensus(t, b, 1, 1, 0)
	_, err = b.Object("keep").Attrs(t.Context())
	must(t, err)
}

func TestGenerationsGrowWhateverTheClockDoes(t *testing.T) {
	t.Parallel()
	w := start(t)
	o := w.bucket(t, noSoftDelete()).Object("a")
	var last int64
	for _, step := range []time.Duration{0, -time.Hour, time.Hour, -3 * day} {
		w.clock.Advance(step)
		w.Restart(t)
		attrs, err := put(t.Context(), o, []byte("1"))
		must(t, err)
		if attrs.Generation <= last {
			t.Errorf("generation %d after %d", attrs.Generation, last)
		}
		last = attrs.Generation
		must(t, o.Delete(t.Context()))
	}
}
