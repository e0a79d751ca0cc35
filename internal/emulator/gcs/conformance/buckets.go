package conformance

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
)

var bucketCases = map[string]func(*testing.T, Target){
	"bucket/defaults": func(t *testing.T, target Target) {
		b := target.NewBucket(t, nil)
		got, err := b.Attrs(t.Context())
		must(t, err)
		soft := got.SoftDeletePolicy
		if soft == nil || soft.RetentionDuration != softDelete || soft.EffectiveTime.IsZero() {
			t.Errorf("soft delete must be 7 days when nobody asks: %+v", soft)
		}
		if got.VersioningEnabled || got.RetentionPolicy != nil || got.DefaultEventBasedHold || got.MetaGeneration != 1 {
			t.Errorf("got %+v", got)
		}
	},
	"bucket/attributes": func(t *testing.T, target Target) {
		attrs := plain()
		attrs.PublicAccessPrevention = storage.PublicAccessPreventionEnforced
		attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: time.Hour}
		attrs.Labels = map[string]string{"for": "test"}
		attrs.Lifecycle = storage.Lifecycle{Rules: []storage.LifecycleRule{{
			Action:    storage.LifecycleAction{Type: storage.DeleteAction},
			Condition: storage.LifecycleCondition{AgeInDays: 8, Liveness: storage.Live, MatchesPrefix: []string{"app/"}},
		}}}
		got, err := target.NewBucket(t, attrs).Attrs(t.Context())
		must(t, err)
		if got.RetentionPolicy == nil || got.RetentionPolicy.EffectiveTime.IsZero() || got.RetentionPolicy.IsLocked {
			t.Errorf("retention policy %+v", got.RetentionPolicy)
		}
		if !got.UniformBucketLevelAccess.Enabled || got.PublicAccessPrevention != storage.PublicAccessPreventionEnforced {
			t.Errorf("access %+v %v", got.UniformBucketLevelAccess, got.PublicAccessPrevention)
		}
		if got.SoftDeletePolicy != nil && got.SoftDeletePolicy.RetentionDuration != 0 {
			t.Errorf("soft delete %+v", got.SoftDeletePolicy)
		}
		if diff := cmp.Diff(attrs.Lifecycle, got.Lifecycle); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(attrs.Labels, got.Labels); diff != "" {
			t.Error(diff)
		}
	},
	"bucket/patch": func(t *testing.T, target Target) {
		b := target.NewBucket(t, nil)
		before, err := b.Attrs(t.Context())
		must(t, err)
		update := storage.BucketAttrsToUpdate{
			VersioningEnabled: true, DefaultEventBasedHold: true,
			SoftDeletePolicy:       &storage.SoftDeletePolicy{RetentionDuration: 0},
			PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
		}
		update.SetLabel("a", "b")
		current := b.If(storage.BucketConditions{MetagenerationMatch: before.MetaGeneration})
		got, err := current.Update(t.Context(), update)
		must(t, err)
		if !got.VersioningEnabled || !got.DefaultEventBasedHold || got.MetaGeneration <= before.MetaGeneration || got.Labels["a"] != "b" {
			t.Errorf("got %+v", got)
		}
		if got.SoftDeletePolicy != nil && got.SoftDeletePolicy.RetentionDuration != 0 {
			t.Errorf("soft delete %+v", got.SoftDeletePolicy)
		}
		_, err = current.Update(t.Context(), storage.BucketAttrsToUpdate{VersioningEnabled: false})
		wantStatus(t, err, http.StatusPreconditionFailed)
		got, err = b.Update(t.Context(), storage.BucketAttrsToUpdate{Lifecycle: &storage.Lifecycle{}})
		must(t, err)
		if len(got.Lifecycle.Rules) != 0 {
			t.Errorf("lifecycle %+v", got.Lifecycle)
		}
	},
	"bucket/soft delete out of bounds": func(t *testing.T, target Target) {
		b := target.NewBucket(t, nil)
		for _, wrong := range []time.Duration{time.Hour, 91 * 24 * time.Hour} {
			update := storage.BucketAttrsToUpdate{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: wrong}}
			_, err := b.Update(t.Context(), update)
			wantStatus(t, err, http.StatusBadRequest)
		}
	},
	"bucket/not empty": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		put(t, b.Object("a"), "1")
		wantStatus(t, b.Delete(t.Context()), http.StatusConflict)
	},
	"bucket/missing": func(t *testing.T, target Target) {
		_, err := target.Client.Bucket("steward-conformance-none").Attrs(t.Context())
		if !errors.Is(err, storage.ErrBucketNotExist) {
			t.Errorf("got %v", err)
		}
	},
}
