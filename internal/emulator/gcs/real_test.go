package gcs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"steward/internal/emulator/gcs/conformance"
)

// The real service is asked only when these are set; credentials are Google's application defaults.
const (
	projectVariable = "STEWARD_GCS_CONFORMANCE_PROJECT"
	bucketVariable  = "STEWARD_GCS_CONFORMANCE_BUCKET" // prefix of the buckets that the suite creates
)

func TestConformanceOfTheRealService(t *testing.T) {
	t.Parallel()
	project, prefix := os.Getenv(projectVariable), os.Getenv(bucketVariable)
	if project == "" || prefix == "" {
		t.Skipf("%s and %s are not set: the suite ran against the emulator only (docs/emulator-gcs.md)",
			projectVariable, bucketVariable)
	}
	client, err := storage.NewClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	readsJSON, err := storage.NewClient(t.Context(), storage.WithJSONReads())
	if err != nil {
		t.Fatal(err)
	}
	conformance.Run(t, conformance.Target{
		Client: client, JSON: readsJSON,
		NewBucket: func(t *testing.T, attrs *storage.BucketAttrs) *storage.BucketHandle {
			t.Helper()
			b := client.Bucket(fmt.Sprintf("%s-%x", prefix, time.Now().UnixNano()))
			if err := b.Create(t.Context(), project, attrs); err != nil {
				t.Fatalf("creating a bucket: %v", err)
			}
			t.Cleanup(func() { emptyAndDelete(t, b) })
			return b
		},
	})
}

// emptyAndDelete removes every version and the bucket. t.Context has ended when a cleanup runs.
func emptyAndDelete(t *testing.T, b *storage.BucketHandle) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	objects := b.Objects(ctx, &storage.Query{Versions: true})
	for {
		attrs, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Errorf("listing what to clean up: %v", err)
			return
		}
		if err := b.Object(attrs.Name).Generation(attrs.Generation).Delete(ctx); err != nil {
			t.Errorf("cleaning up: %v", err)
		}
	}
	if err := b.Delete(ctx); err != nil {
		t.Errorf("cleaning up the bucket: %v", err)
	}
}
