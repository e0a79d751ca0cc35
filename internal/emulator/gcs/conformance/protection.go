package conformance

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
)

const softDelete = 7 * 24 * time.Hour

var protectionCases = map[string]func(*testing.T, Target){
	"protection/soft delete": func(t *testing.T, target Target) {
		b := target.NewBucket(t, &storage.BucketAttrs{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: softDelete}})
		o := b.Object("a")
		first := put(t, o, "1")
		must(t, o.Delete(t.Context()))
		gone := o.Generation(first.Generation)
		_, err := gone.Attrs(t.Context())
		wantStatus(t, err, http.StatusNotFound)
		_, err = gone.NewReader(t.Context())
		wantStatus(t, err, http.StatusNotFound)
		wantStatus(t, gone.Delete(t.Context()), http.StatusNotFound)
		listed := list(t, b, &storage.Query{SoftDeleted: true})
		if len(listed) != 1 || listed[0].HardDeleteTime.Sub(listed[0].SoftDeleteTime) != softDelete {
			t.Fatalf("soft-deleted: %+v", listed)
		}
		if got := list(t, b, &storage.Query{Versions: true}); len(got) != 0 {
			t.Errorf("versions: %v", names(got))
		}
		attrs, err := gone.SoftDeleted().Attrs(t.Context())
		must(t, err)
		if attrs.SoftDeleteTime.IsZero() {
			t.Errorf("soft-deleted attributes: %+v", attrs)
		}
		restored, err := gone.Restore(t.Context(), &storage.RestoreOptions{})
		must(t, err)
		if restored.Generation <= first.Generation || get(t, o) != "1" {
			t.Errorf("restored as %d", restored.Generation)
		}
	},
	"protection/overwrite is soft-deleted": func(t *testing.T, target Target) {
		b := target.NewBucket(t, &storage.BucketAttrs{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: softDelete}})
		first := put(t, b.Object("a"), "1")
		put(t, b.Object("a"), "2")
		listed := list(t, b, &storage.Query{SoftDeleted: true})
		if len(listed) != 1 || listed[0].Generation != first.Generation {
			t.Errorf("soft-deleted: %v", names(listed))
		}
	},
	"protection/soft delete off": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		put(t, b.Object("a"), "1")
		must(t, b.Object("a").Delete(t.Context()))
		if got := list(t, b, &storage.Query{SoftDeleted: true}); len(got) != 0 {
			t.Errorf("soft-deleted: %v", names(got))
		}
	},
	"protection/temporary hold": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		attrs := put(t, o, "1")
		_, err := o.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: true})
		must(t, err)
		wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
		wantStatus(t, o.Generation(attrs.Generation).Delete(t.Context()), http.StatusForbidden)
		_, err = write(t.Context(), o, "2")
		wantStatus(t, err, http.StatusForbidden)
		_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: false})
		must(t, err)
		must(t, o.Delete(t.Context()))
	},
	"protection/default event-based hold": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		// Not at creation: the client v1.70 does not send this attribute with a new bucket.
		_, err := b.Update(t.Context(), storage.BucketAttrsToUpdate{DefaultEventBasedHold: true})
		must(t, err)
		o := b.Object("a")
		if got := put(t, o, "1"); !got.EventBasedHold {
			t.Errorf("no hold: %+v", got)
		}
		wantStatus(t, o.Delete(t.Context()), http.StatusForbidden)
		_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{EventBasedHold: false})
		must(t, err)
		must(t, o.Delete(t.Context()))
	},
	"protection/retention policy": func(t *testing.T, target Target) {
		attrs := plain()
		attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: time.Hour}
		b := target.NewBucket(t, attrs)
		o := b.Object("a")
		made := put(t, o, "1")
		if until := made.RetentionExpirationTime; !until.Equal(made.Created.Add(time.Hour)) {
			t.Errorf("retained until %v, created %v", until, made.Created)
		}
		wantStatus(t, o.Generation(made.Generation).Delete(t.Context()), http.StatusForbidden)
		_, err := write(t.Context(), o, "2")
		wantStatus(t, err, http.StatusForbidden)
		_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{Metadata: map[string]string{"still": "editable"}})
		must(t, err)
		_, err = b.Update(t.Context(), storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}})
		must(t, err)
		must(t, o.Delete(t.Context()))
	},
}
