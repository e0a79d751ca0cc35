package gcs_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/internal/emulator/gcs/conformance"
	"steward/internal/emulator/gcs/gcstest"
)

// epoch is when the tests' clocks begin.
var epoch = time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant

func TestConformance(t *testing.T) {
	t.Parallel()
	emulator := gcstest.Start(t, gcstest.NewClock(epoch))
	client := emulator.Client(t)
	conformance.Run(t, conformance.Target{
		Client: client, JSON: emulator.Client(t, storage.WithJSONReads()),
		NewBucket: func(t *testing.T, attrs *storage.BucketAttrs) *storage.BucketHandle {
			t.Helper()
			return newBucket(t, client, attrs)
		},
	})
}

// newBucket creates a bucket with a name of its own.
func newBucket(t *testing.T, client *storage.Client, attrs *storage.BucketAttrs) *storage.BucketHandle {
	t.Helper()
	name := fmt.Sprintf("bucket-%x", time.Now().UnixNano())
	b := client.Bucket(name).Retryer(storage.WithPolicy(storage.RetryAlways))
	if err := b.Create(t.Context(), "project", attrs); err != nil {
		t.Fatalf("creating a bucket: %v", err)
	}
	return client.Bucket(name)
}
