package conformance

import (
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
)

var objectCases = map[string]func(*testing.T, Target){
	"object/attributes": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		w := b.Object("a").NewWriter(t.Context())
		w.ContentType, w.CacheControl = "text/x-test", "no-store"
		w.Metadata = map[string]string{"run": "r1"}
		_, err := w.Write([]byte("hello"))
		must(t, err)
		must(t, w.Close())
		got, err := b.Object("a").Attrs(t.Context())
		must(t, err)
		type view struct {
			Size, Meta         int64
			CRC                uint32
			Type, Cache, Class string
			Metadata           map[string]string
		}
		want := view{5, 1, 0x9a71bb4c, "text/x-test", "no-store", "STANDARD", map[string]string{"run": "r1"}}
		have := view{
			got.Size, got.Metageneration, got.CRC32C, got.ContentType, got.CacheControl, got.StorageClass, got.Metadata,
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(w.Attrs(), got); diff != "" {
			t.Errorf("the writer's attributes differ from the stored ones: %s", diff)
		}
	},
	"object/overwrite makes a newer generation": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		first, second := put(t, o, "1"), put(t, o, "2")
		if second.Generation <= first.Generation {
			t.Errorf("generation %d after %d", second.Generation, first.Generation)
		}
		if got := get(t, o); got != "2" {
			t.Errorf("content %q", got)
		}
		_, err := o.Generation(first.Generation).Attrs(t.Context())
		wantStatus(t, err, http.StatusNotFound)
	},
	"object/preconditions on write": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		first, err := write(t.Context(), o.If(storage.Conditions{DoesNotExist: true}), "1")
		must(t, err)
		_, err = write(t.Context(), o.If(storage.Conditions{DoesNotExist: true}), "2")
		wantStatus(t, err, http.StatusPreconditionFailed)
		_, err = write(t.Context(), o.If(storage.Conditions{GenerationMatch: first.Generation + 1}), "2")
		wantStatus(t, err, http.StatusPreconditionFailed)
		_, err = write(t.Context(), o.If(storage.Conditions{GenerationMatch: first.Generation}), "3")
		must(t, err)
		if got := get(t, o); got != "3" {
			t.Errorf("content %q", got)
		}
	},
	"object/delete by generation": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		attrs := put(t, o, "1")
		wrong := o.Generation(attrs.Generation).If(storage.Conditions{MetagenerationMatch: 7})
		wantStatus(t, wrong.Delete(t.Context()), http.StatusPreconditionFailed)
		wantStatus(t, o.If(storage.Conditions{GenerationMatch: attrs.Generation + 1}).Delete(t.Context()), http.StatusPreconditionFailed)
		exact := o.Generation(attrs.Generation).If(storage.Conditions{GenerationMatch: attrs.Generation})
		must(t, exact.Delete(t.Context()))
		wantStatus(t, exact.Delete(t.Context()), http.StatusNotFound)
		_, err := o.Attrs(t.Context())
		wantStatus(t, err, http.StatusNotFound)
	},
	"object/metadata patch": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		attrs := put(t, o, "1")
		update := storage.ObjectAttrsToUpdate{ContentType: "text/new", Metadata: map[string]string{"k": "v"}}
		got, err := o.If(storage.Conditions{MetagenerationMatch: 1}).Update(t.Context(), update)
		must(t, err)
		if got.Metageneration != 2 || got.Generation != attrs.Generation || got.ContentType != "text/new" || got.Metadata["k"] != "v" {
			t.Errorf("got %+v", got)
		}
		_, err = o.If(storage.Conditions{MetagenerationMatch: 1}).Update(t.Context(), update)
		wantStatus(t, err, http.StatusPreconditionFailed)
		got, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{Metadata: map[string]string{}})
		must(t, err)
		if len(got.Metadata) != 0 {
			t.Errorf("metadata %v was not removed", got.Metadata)
		}
	},
	"object/names of every kind": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		for _, name := range []string{"a//b", "/lead", "trail/", "x/../y", "ünï/%2F?#&+ =;:@", "b/o/c", "a\tb"} {
			put(t, b.Object(name), name)
			if got := get(t, b.Object(name)); got != name {
				t.Errorf("%q holds %q", name, got)
			}
			must(t, b.Object(name).Delete(t.Context()))
		}
	},
	"object/missing": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		_, err := b.Object("none").Attrs(t.Context())
		wantStatus(t, err, http.StatusNotFound)
		_, err = b.Object("none").NewReader(t.Context())
		wantStatus(t, err, http.StatusNotFound)
		wantStatus(t, b.Object("none").Delete(t.Context()), http.StatusNotFound)
	},
}
