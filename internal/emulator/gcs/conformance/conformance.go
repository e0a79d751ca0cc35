// Package conformance states what this project expects of Google Cloud Storage, as tests that speak through
// the official Go client only. The same code runs against the emulator on every test run and, on demand,
// against a real project: an expectation that holds in one and not in the other is a bug of the emulator.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
)

// Target is a storage service under test.
type Target struct {
	// Client reads over the XML API, as by default. JSON reads over the JSON API.
	Client, JSON *storage.Client
	// NewBucket creates an empty bucket with these attributes, and removes it with all its content when the
	// test ends.
	NewBucket func(t *testing.T, attrs *storage.BucketAttrs) *storage.BucketHandle
}

// Run runs every case as a parallel subtest.
func Run(t *testing.T, target Target) {
	t.Helper()
	for _, suite := range []map[string]func(*testing.T, Target){
		objectCases, readCases, listCases, uploadCases, protectionCases, bucketCases, copyCases,
	} {
		for name, run := range suite {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(t, target)
			})
		}
	}
}

// plain are the attributes of a bucket that keeps nothing that was deleted.
func plain() *storage.BucketAttrs {
	return &storage.BucketAttrs{
		SoftDeletePolicy:         &storage.SoftDeletePolicy{RetentionDuration: 0},
		UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true},
	}
}

// put writes an object in one request and returns its attributes.
func put(t *testing.T, o *storage.ObjectHandle, content string) *storage.ObjectAttrs {
	t.Helper()
	attrs, err := write(t.Context(), o, content)
	if err != nil {
		t.Fatalf("writing %s: %v", o.ObjectName(), err)
	}
	return attrs
}

func write(ctx context.Context, o *storage.ObjectHandle, content string) (*storage.ObjectAttrs, error) {
	w := o.NewWriter(ctx)
	if _, err := io.WriteString(w, content); err != nil {
		return nil, errors.Join(fmt.Errorf("writing: %w", err), w.Close())
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("finishing: %w", err)
	}
	return w.Attrs(), nil
}

func get(t *testing.T, o *storage.ObjectHandle) string {
	t.Helper()
	r, err := o.NewReader(t.Context())
	if err != nil {
		t.Fatalf("opening %s: %v", o.ObjectName(), err)
	}
	var out bytes.Buffer
	_, err = io.Copy(&out, r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("reading %s: %v", o.ObjectName(), err)
	}
	return out.String()
}

// list returns "name" of live objects, or "name#generation" order of what the query asks for.
func list(t *testing.T, b *storage.BucketHandle, q *storage.Query) []*storage.ObjectAttrs {
	t.Helper()
	var out []*storage.ObjectAttrs
	objects := b.Objects(t.Context(), q)
	for {
		attrs, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return out
		}
		if err != nil {
			t.Fatalf("listing: %v", err)
		}
		out = append(out, attrs)
	}
}

func names(objects []*storage.ObjectAttrs) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.Name+o.Prefix)
	}
	return out
}

// wantStatus fails unless err is an answer with that HTTP status.
func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	if status == http.StatusNotFound && errors.Is(err, storage.ErrObjectNotExist) {
		return
	}
	if answer, ok := errors.AsType[*googleapi.Error](err); !ok || answer.Code != status {
		t.Fatalf("got error %v, want status %d", err, status)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
