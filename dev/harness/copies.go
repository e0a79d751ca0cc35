package harness

import (
	"bytes"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/internal/guard"
)

// CopiesBucket is where the copies of a world with Options.Copies lie.
const CopiesBucket = "popkit-far"

// withCopies gives a policy a second location in another region, to which the service
// copies large objects in several steps.
func withCopies(t testing.TB, policy []byte) []byte {
	t.Helper()
	const (
		before = "    recipients:\n"
		far    = "    copies:\n      - name: far\n        bucket: " + CopiesBucket + "\n        location: EUROPE-WEST4\n"
	)
	if bytes.Count(policy, []byte(before)) != 1 {
		t.Fatal("the policy does not look as it did")
	}
	return bytes.Replace(policy, []byte(before), []byte(far+before), 1)
}

// makeCopies makes the buckets of other locations as `steward setup` does: as that of
// the backups, with a retention of their own.
func (w *World) makeCopies(t testing.TB, like *storage.BucketAttrs) {
	t.Helper()
	for _, other := range w.Rules.Promises.Backups.Copies {
		attrs, settings := *like, guard.Copies(w.Rules, other, "EU").Settings
		attrs.Location = settings.Location
		attrs.RetentionPolicy = &storage.RetentionPolicy{RetentionPeriod: settings.Retention}
		if err := w.Bucket.Bucket(other.Bucket).Create(t.Context(), "test", &attrs); err != nil {
			t.Fatal("making the bucket of copies: ", err)
		}
	}
}

// prunedBy reports whether something that was due at the given instant must be gone:
// never before a prune has ended well.
func (w *World) prunedBy(due time.Time) bool { return !w.pruned.IsZero() && !due.After(w.pruned) }
