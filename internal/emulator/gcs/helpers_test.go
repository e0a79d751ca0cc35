package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	gax "github.com/googleapis/gax-go/v2"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"

	"steward/internal/emulator/gcs"
	"steward/internal/emulator/gcs/gcstest"
)

const quantum = 256 << 10

// world is an emulator with a clock and a client that retries quickly.
type world struct {
	*gcstest.Server

	clock  *gcstest.Clock
	client *storage.Client
}

func start(t *testing.T) *world {
	t.Helper()
	clock := gcstest.NewClock(epoch)
	server := gcstest.Start(t, clock)
	client := server.Client(t)
	client.SetRetry(storage.WithBackoff(gax.Backoff{Initial: time.Millisecond, Max: 5 * time.Millisecond}))
	return &world{server, clock, client}
}

func noSoftDelete() *storage.BucketAttrs {
	return &storage.BucketAttrs{SoftDeletePolicy: &storage.SoftDeletePolicy{RetentionDuration: 0}}
}

func (w *world) bucket(t *testing.T, attrs *storage.BucketAttrs) *storage.BucketHandle {
	t.Helper()
	b := w.client.Bucket("backups")
	must(t, b.Create(t.Context(), "project", attrs))
	return b
}

func (w *world) inject(t *testing.T, f gcs.Fault) {
	t.Helper()
	_, err := w.InjectFault(f)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put uploads in chunks of one quantum, create-only as the product does.
func put(ctx context.Context, o *storage.ObjectHandle, content []byte) (*storage.ObjectAttrs, error) {
	w := o.If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ChunkSize = quantum
	if _, err := w.Write(content); err != nil {
		return nil, errors.Join(fmt.Errorf("writing: %w", err), w.Close())
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("closing: %w", err)
	}
	return w.Attrs(), nil
}

func wantContent(t *testing.T, o *storage.ObjectHandle, want []byte) {
	t.Helper()
	r, err := o.NewReader(t.Context())
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	if !bytes.Equal(got, want) {
		t.Errorf("content of %d bytes differs from the %d that were written", len(got), len(want))
	}
}

// census counts live, all readable, and soft-deleted versions.
func census(t *testing.T, b *storage.BucketHandle) [3]int {
	t.Helper()
	var out [3]int
	for i, q := range []*storage.Query{nil, {Versions: true}, {SoftDeleted: true}} {
		objects := b.Objects(t.Context(), q)
		for {
			_, err := objects.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			must(t, err)
			out[i]++
		}
	}
	return out
}

func wantCensus(t *testing.T, b *storage.BucketHandle, live, readable, softDeleted int) {
	t.Helper()
	if got := census(t, b); got != [3]int{live, readable, softDeleted} {
		t.Errorf("live, readable, soft-deleted: got %v, want [%d %d %d]", got, live, readable, softDeleted)
	}
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	if status == http.StatusNotFound && errors.Is(err, storage.ErrObjectNotExist) {
		return
	}
	if answer, ok := errors.AsType[*googleapi.Error](err); !ok || answer.Code != status {
		t.Fatalf("got error %v, want status %d", err, status)
	}
}

func pattern(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(uint32(i) * 2654435761 >> 24) // a hash: no two quanta are alike
	}
	return out
}

// eventually polls a condition that another goroutine will make true.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute) // of a busy machine
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		}
	}
}
