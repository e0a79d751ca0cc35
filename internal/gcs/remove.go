package gcs

import (
	"context"
	"fmt"

	"steward/internal/failure"
)

// Remove deletes every generation of a name and proves from the listings of live,
// noncurrent and soft-deleted generations that none is left. It fails with
// StorageRefused if the bucket keeps one, and with StillListed if one is left.
// Removing what is gone already is no error, and proves it again.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	for object, err := range b.List(ctx, name, ListOptions{Versions: true}) {
		if err != nil {
			return fmt.Errorf("looking for what to remove: %w", err)
		}

		if object.Name != name {
			continue // a longer name with this prefix
		}

		err := b.Delete(ctx, name, object.Generation)
		if err != nil && !failure.Is(err, failure.ObjectNotFound) {
			return fmt.Errorf("removing: %w", err)
		}
	}

	return b.ProveGone(ctx, name)
}

// ProveGone looks in every listing that could still show a name: those of live,
// noncurrent and soft-deleted generations. It fails with StillListed if one does.
func (b *Bucket) ProveGone(ctx context.Context, name string) error {
	for _, options := range []ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range b.List(ctx, name, options) {
			if err != nil {
				return fmt.Errorf("proving a removal: %w", err)
			}

			if object.Name == name { // and not a longer name with this prefix
				return failure.New(failure.StillListed, "proving a removal")
			}
		}
	}

	return nil
}
