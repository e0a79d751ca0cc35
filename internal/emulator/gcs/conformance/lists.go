package conformance

import (
	"errors"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
)

var listCases = map[string]func(*testing.T, Target){
	"list/prefix, delimiter, offsets": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		for _, name := range []string{"a/1", "a/2", "a/b/3", "b", "c/4"} {
			put(t, b.Object(name), name)
		}
		for _, c := range []struct {
			query storage.Query
			want  []string
		}{
			{storage.Query{}, []string{"a/1", "a/2", "a/b/3", "b", "c/4"}},
			{storage.Query{Prefix: "a/"}, []string{"a/1", "a/2", "a/b/3"}},
			{storage.Query{Delimiter: "/"}, []string{"b", "a/", "c/"}},
			{storage.Query{Prefix: "a/", Delimiter: "/"}, []string{"a/1", "a/2", "a/b/"}},
			{storage.Query{StartOffset: "a/2", EndOffset: "c/4"}, []string{"a/2", "a/b/3", "b"}},
			{storage.Query{Prefix: "none"}, nil},
		} {
			if diff := cmp.Diff(c.want, names(list(t, b, &c.query))); diff != "" {
				t.Errorf("%+v: %s", c.query, diff)
			}
		}
	},
	"list/pages": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		want := []string{"a/1", "a/2", "b", "c", "d/1", "e"}
		for _, name := range want {
			put(t, b.Object(name), name)
		}
		for _, c := range []struct {
			delimiter string
			pages     int
			want      []string
		}{{"", 3, want}, {"/", 3, []string{"a/", "b", "c", "d/", "e"}}} {
			got := map[string]bool{}
			pager := iterator.NewPager(b.Objects(t.Context(), &storage.Query{Delimiter: c.delimiter}), 2, "")
			pages := 0
			for token := "first"; token != ""; pages++ {
				var page []*storage.ObjectAttrs
				var err error
				token, err = pager.NextPage(&page)
				must(t, err)
				for _, name := range names(page) {
					if got[name] {
						t.Errorf("%s was listed twice", name)
					}
					got[name] = true
				}
			}
			if pages != c.pages || len(got) != len(c.want) {
				t.Errorf("delimiter %q: %d pages of %v", c.delimiter, pages, got)
			}
		}
	},
	"list/versions": func(t *testing.T, target Target) {
		attrs := plain()
		attrs.VersioningEnabled = true
		b := target.NewBucket(t, attrs)
		first := put(t, b.Object("a"), "1")
		second := put(t, b.Object("a"), "2")
		must(t, b.Object("a").Delete(t.Context()))
		if got := list(t, b, nil); len(got) != 0 {
			t.Errorf("live: %v", names(got))
		}
		versions := list(t, b, &storage.Query{Versions: true})
		if len(versions) != 2 || versions[0].Generation != first.Generation || versions[1].Deleted.IsZero() {
			t.Fatalf("versions: %+v", versions)
		}
		if got := get(t, b.Object("a").Generation(first.Generation)); got != "1" {
			t.Errorf("first version holds %q", got)
		}
		must(t, b.Object("a").Generation(first.Generation).Delete(t.Context()))
		must(t, b.Object("a").Generation(second.Generation).Delete(t.Context()))
		if got := list(t, b, &storage.Query{Versions: true}); len(got) != 0 {
			t.Errorf("versions after delete by generation: %v", names(got))
		}
	},
	"list/missing bucket": func(t *testing.T, target Target) {
		_, err := target.Client.Bucket("steward-conformance-none").Objects(t.Context(), nil).Next()
		if !errors.Is(err, storage.ErrBucketNotExist) {
			t.Errorf("got %v", err)
		}
	},
}
