package conformance

import (
	"net/http"
	"strings"
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
	"copy/between locations": func(t *testing.T, target Target) {
		far := plain()
		far.Location = "EUROPE-WEST4"
		from, to := target.NewBucket(t, plain()), target.NewBucket(t, far)
		source := put(t, from.Object("a"), strings.Repeat("x", 3<<20))
		dst := to.Object("a").If(storage.Conditions{DoesNotExist: true})
		copier := dst.CopierFrom(from.Object("a").Generation(source.Generation))
		copier.Metadata, copier.ContentType = map[string]string{"k": "own"}, "text/x"
		steps := uint64(0)
		copier.ProgressFunc = func(done, total uint64) {
			if done < steps || done > total {
				t.Errorf("%d after %d of %d", done, steps, total)
			}
			steps = done
		}
		made, err := copier.Run(t.Context())
		must(t, err)
		if made.CRC32C != source.CRC32C || made.Size != source.Size || made.Metadata["k"] != "own" || steps != 3<<20 {
			t.Errorf("copy %+v, %d bytes told", made, steps)
		}
		_, err = dst.CopierFrom(from.Object("a").Generation(source.Generation)).Run(t.Context())
		wantStatus(t, err, http.StatusPreconditionFailed)
		stale := to.Object("b").CopierFrom(from.Object("a"))
		stale.RewriteToken = "nonsense"
		_, err = stale.Run(t.Context())
		wantStatus(t, err, http.StatusBadRequest)
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
