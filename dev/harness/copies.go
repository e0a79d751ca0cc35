package harness

import (
	"bytes"
	"context"
	"fmt"

	"cloud.google.com/go/storage"

	"steward/internal/guard"
)

// CopiesBucket is where the copies of a world with Options.Copies lie.
const CopiesBucket = "popkit-copies"

// withCopies adds the other location to a policy, in another region, to which the
// service copies large objects in several steps.
func withCopies(policy []byte) []byte {
	const files = "\n    files:\n"
	return bytes.Replace(policy, []byte(files),
		[]byte("\n    copies:\n      - name: far\n        bucket: "+CopiesBucket+"\n        location: EUROPE-WEST4"+files), 1)
}

// makeCopies makes the bucket of the other location as `steward setup` does: as that
// of the backups, with a shorter retention.
func (w *World) makeCopies(ctx context.Context, like storage.BucketAttrs) error {
	for _, other := range w.Rules.Promises.Backups.Copies {
		settings := guard.Copies(w.Rules, other, "EU").Settings
		like.Location = settings.Location
		like.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: settings.Retention}
		if err := w.Bucket.Bucket(other.Bucket).Create(ctx, "test", &like); err != nil {
			return fmt.Errorf("making the bucket of the copies: %w", err)
		}
	}
	return nil
}
