// Package sealed moves streams into the bucket and back as backups need it: what
// a producer writes is uploaded beside it, and an object that is read must have
// the size and the hash that its signed manifest pins. Nothing touches a disk.
package sealed

import (
	"context"
	"errors"
	"fmt"
	"io"

	"steward/internal/failure"
	"steward/internal/gcs"
)

// Producer writes what is to be stored.
type Producer func(ctx context.Context, to io.Writer) error

// Put runs the producer beside the upload, joined by a buffer. Whichever fails
// ends the other: a failed producer aborts the upload, so that nothing is
// stored; a failed upload gives the producer's next write an error. what names
// the object in errors, such as "archive".
func Put(
	ctx context.Context, bucket *gcs.Bucket, name, what string, options gcs.PutOptions, produce Producer,
) (gcs.Object, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	between := newBuffer()
	produced := make(chan error, 1)

	go func() {
		err := produce(ctx, between)
		between.finish(err)

		produced <- err
	}()

	stored, putErr := bucket.Put(ctx, name, between, options)
	if putErr != nil {
		cancel()

		// It wakes a producer that waits for a reader.
		between.leave(putErr)
	}

	produceErr := <-produced
	if putErr == nil {
		return stored, nil
	}

	// A producer that failed by itself is the cause; one that was stopped says
	// only that.
	if produceErr != nil && !errors.Is(produceErr, context.Canceled) && failure.CodeOf(putErr) == failure.CodeOf(produceErr) {
		return gcs.Object{}, fmt.Errorf("producing the %s: %w", what, produceErr)
	}

	return gcs.Object{}, fmt.Errorf("uploading the %s: %w", what, putErr)
}
