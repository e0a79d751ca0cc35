// Package gcsmirror keeps the second copy of the ledger in a bucket of Google
// Cloud Storage.
package gcsmirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/ledger"
)

// maxObject bounds what is read of one object: segments have at most a thousand
// entries of a few kilobytes.
const maxObject = 64 << 20

// Mirror implements ledger.Mirror on a bucket.
type Mirror struct{ bucket *gcs.Bucket }

// New gives the mirror that lies in the bucket.
func New(bucket *gcs.Bucket) *Mirror { return &Mirror{bucket: bucket} }

// Put implements ledger.Mirror.
func (m *Mirror) Put(ctx context.Context, name string, data []byte, generation ledger.Generation) (ledger.Generation, error) {
	// The mark tells an own earlier try of this Put from somebody else's object
	// with the same content.
	mark := map[string]string{"put": ids.New("put")}

	stored, err := m.bucket.Put(ctx, name, bytes.NewReader(data), gcs.PutOptions{Replace: int64(generation), Metadata: mark})
	if err != nil {
		return ledger.NoObject, fmt.Errorf("writing to the mirror: %w", err)
	}

	return ledger.Generation(stored.Generation), nil
}

// Get implements ledger.Mirror.
func (m *Mirror) Get(ctx context.Context, name string) ([]byte, ledger.Generation, error) {
	reader, object, err := m.bucket.Get(ctx, name, 0)
	if err != nil {
		return nil, ledger.NoObject, fmt.Errorf("reading from the mirror: %w", err)
	}

	data, err := io.ReadAll(io.LimitReader(reader, maxObject))
	if err := errors.Join(err, reader.Close()); err != nil {
		return nil, ledger.NoObject, failure.Wrap(failure.Unavailable, "reading from the mirror", err)
	}

	return data, ledger.Generation(object.Generation), nil
}

// List implements ledger.Mirror.
func (m *Mirror) List(ctx context.Context, prefix, from string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for object, err := range m.bucket.List(ctx, prefix, gcs.ListOptions{From: from}) {
			if !yield(object.Name, err) {
				return
			}
		}
	}
}

// Delete implements ledger.Mirror.
func (m *Mirror) Delete(ctx context.Context, name string) error {
	object, err := m.bucket.Stat(ctx, name)
	if err == nil {
		err = m.bucket.Delete(ctx, name, object.Generation)
	}

	if failure.Is(err, failure.ObjectNotFound) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("deleting from the mirror: %w", err)
	}

	return nil
}
