package conformance

import (
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
)

var copyCases = map[string]func(*testing.T, Target){
	"copy/rewrite": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		source := put(t, b.Object("a"), "content")
		_, err := b.Object("a").Update(t.Context(), storage.ObjectAttrsToUpdate{Metadata: map[string]string{"k": "v"}})
		must(t, err)
		made, err := b.Object("b").If(storage.Conditions{DoesNotExist: true}).
			CopierFrom(b.Object("a").Generation(source.Generation)).Run(t.Context())
		must(t, err)
		if made.CRC32C != source.CRC32C || made.Metadata["k"] != "v" || get(t, b.Object("b")) != "content" {
			t.Errorf("copy %+v", made)
		}
		must(t, b.Object("a").Delete(t.Context()))
		if get(t, b.Object("b")) != "content" {
			t.Error("the copy depends on its source")
		}
		_, err = b.Object("c").CopierFrom(b.Object("a")).Run(t.Context())
		wantStatus(t, err, http.StatusNotFound)
	},
	"copy/compose": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		put(t, b.Object("1"), "one ")
		put(t, b.Object("2"), "two")
		made, err := b.Object("all").ComposerFrom(b.Object("1"), b.Object("2")).Run(t.Context())
		must(t, err)
		if made.ComponentCount != 2 || len(made.MD5) != 0 || get(t, b.Object("all")) != "one two" {
			t.Errorf("composed %+v", made)
		}
	},
}
