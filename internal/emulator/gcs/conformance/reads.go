package conformance

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
)

var readCases = map[string]func(*testing.T, Target){
	"read/ranges over XML": func(t *testing.T, target Target) {
		ranges(t, target.NewBucket(t, plain()).Object("a"), nil)
	},
	"read/ranges over JSON": func(t *testing.T, target Target) {
		b := target.NewBucket(t, plain())
		ranges(t, b.Object("a"), target.JSON.Bucket(b.BucketName()).Object("a"))
	},
	"read/generation and conditions": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		attrs := put(t, o, "1")
		r, err := o.Generation(attrs.Generation).NewReader(t.Context())
		must(t, err)
		if r.Attrs.Generation != attrs.Generation || r.Attrs.CRC32C != attrs.CRC32C || r.Attrs.Size != 1 {
			t.Errorf("reader attributes %+v", r.Attrs)
		}
		must(t, r.Close())
		_, err = o.If(storage.Conditions{GenerationMatch: attrs.Generation + 1}).NewReader(t.Context())
		wantStatus(t, err, http.StatusPreconditionFailed)
		_, err = o.Generation(attrs.Generation + 1).NewReader(t.Context())
		wantStatus(t, err, http.StatusNotFound)
	},
	"read/empty object": func(t *testing.T, target Target) {
		o := target.NewBucket(t, plain()).Object("a")
		if attrs := put(t, o, ""); attrs.Size != 0 || attrs.CRC32C != 0 {
			t.Errorf("got %+v", attrs)
		}
		if got := get(t, o); got != "" {
			t.Errorf("content %q", got)
		}
	},
}

// ranges writes through w and reads through r, or through w when r is nil.
func ranges(t *testing.T, w, r *storage.ObjectHandle) {
	t.Helper()
	if r == nil {
		r = w
	}
	put(t, w, "0123456789")
	for _, c := range []struct {
		offset, length int64
		want           string
	}{{0, -1, "0123456789"}, {3, -1, "3456789"}, {3, 4, "3456"}, {8, 100, "89"}, {-3, -1, "789"}, {0, 0, ""}} {
		reader, err := r.NewRangeReader(t.Context(), c.offset, c.length)
		must(t, err)
		got, err := io.ReadAll(reader)
		must(t, errors.Join(err, reader.Close()))
		if string(got) != c.want || reader.Attrs.Size != 10 {
			t.Errorf("range %d+%d: got %q of %d, want %q", c.offset, c.length, got, reader.Attrs.Size, c.want)
		}
	}
	_, err := r.NewRangeReader(t.Context(), 10, 5)
	wantStatus(t, err, http.StatusRequestedRangeNotSatisfiable)
}
