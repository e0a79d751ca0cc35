package gcs

import (
	"context"

	"cloud.google.com/go/storage"
)

// SetHold puts a temporary hold on exactly this generation, or takes it off.
// While it stands neither a person nor a lifecycle rule can delete the generation.
// Asking again changes nothing. It fails with ObjectNotFound if the generation is
// gone.
func (b *Bucket) SetHold(ctx context.Context, name string, generation int64, held bool) error {
	ctx, cancel := context.WithTimeout(ctx, b.client.patience.Call)
	defer cancel()

	// Without a precondition on the metadata the client does not try a change
	// again by itself; this one may be tried as often as it takes.
	_, err := b.handle(name, generation).Retryer(storage.WithPolicy(storage.RetryAlways)).
		Update(ctx, storage.ObjectAttrsToUpdate{TemporaryHold: held})

	return coded("changing a hold", err)
}
