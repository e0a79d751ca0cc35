package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"steward/internal/clocks"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/guard"
)

// buckets are those of Steward's own.
func (w *World) buckets() []string {
	own := []string{w.Rules.Storage.Backups, w.Rules.Storage.Ledger, w.Rules.Storage.Files, w.Rules.Storage.Replay}
	for _, other := range w.Rules.Promises.Backups.Copies {
		own = append(own, other.Bucket)
	}
	return own
}

// makeBuckets makes the buckets as `steward setup` does: backups are kept against
// deletion until shortly before their time, nothing is kept after deletion, and a
// lifecycle rule is the net below the pruning.
func (w *World) makeBuckets(t testing.TB) {
	t.Helper()
	const (
		day = 24 * time.Hour
		// safetyNet is how long after its time the bucket itself removes a backup.
		safetyNet = 1
	)
	w.Storage = gcstest.Start(t, clocks.Dev(w.Clock))
	w.Bucket = w.Storage.Client(t, option.WithUserAgent(Agent))
	keep := w.Rules.Promises.Backups.Keep.Longest()
	off := &storage.SoftDeletePolicy{}
	backups := &storage.BucketAttrs{
		Location: "EU", SoftDeletePolicy: off, UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true},
		PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
		RetentionPolicy:        &storage.RetentionPolicy{RetentionPeriod: guard.Buckets(w.Rules, "EU")[0].Settings.Retention},
		Lifecycle: storage.Lifecycle{Rules: []storage.LifecycleRule{{
			Action:    storage.LifecycleAction{Type: storage.DeleteAction},
			Condition: storage.LifecycleCondition{AgeInDays: int64(keep/day) + safetyNet},
		}}},
	}
	ledger := &storage.BucketAttrs{
		Location: "EU", SoftDeletePolicy: off, UniformBucketLevelAccess: storage.UniformBucketLevelAccess{Enabled: true},
		PublicAccessPrevention: storage.PublicAccessPreventionEnforced,
	}
	if err := errors.Join(
		w.Bucket.Bucket(w.Rules.Storage.Backups).Create(t.Context(), "test", backups),
		w.Bucket.Bucket(w.Rules.Storage.Ledger).Create(t.Context(), "test", ledger),
		w.Bucket.Bucket(w.Rules.Storage.Replay).Create(t.Context(), "test", ledger),
		w.makeCopies(t.Context(), *backups),
	); err != nil {
		t.Fatal("making the buckets: ", err)
	}
}

// Unretain takes the retention policies off buckets, which would hold a test back that
// damages or removes what lies there.
func (w *World) Unretain(ctx context.Context, buckets ...string) error {
	for _, bucket := range buckets {
		_, err := w.Bucket.Bucket(bucket).Update(ctx, storage.BucketAttrsToUpdate{RetentionPolicy: &storage.RetentionPolicy{}})
		if err != nil {
			return fmt.Errorf("taking the retention policy off %s: %w", bucket, err)
		}
	}
	return nil
}

// object reads one object through the official client; generation 0 is the live one.
func (w *World) object(ctx context.Context, bucket, name string, generation int64) ([]byte, error) {
	handle := w.Bucket.Bucket(bucket).Object(name)
	if generation != 0 {
		handle = handle.Generation(generation)
	}
	reader, err := handle.NewReader(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening an object: %w", err)
	}
	defer reader.Close() //nolint:errcheck // read to its end or failed
	content, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("reading an object: %w", err)
	}
	return content, nil
}

// names lists the live objects below a prefix.
func (w *World) names(ctx context.Context, bucket, prefix string) ([]string, error) {
	listed, err := w.list(ctx, bucket, &storage.Query{Prefix: prefix})
	names := make([]string, len(listed))
	for i, one := range listed {
		names[i] = one.Name
	}
	return names, err
}

// list gives what a query of the official client gives.
func (w *World) list(ctx context.Context, bucket string, query *storage.Query) ([]*storage.ObjectAttrs, error) {
	var found []*storage.ObjectAttrs
	listing := w.Bucket.Bucket(bucket).Objects(ctx, query)
	for {
		attrs, err := listing.Next()
		if errors.Is(err, iterator.Done) {
			return found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", bucket, err)
		}
		found = append(found, attrs)
	}
}

// generations lists the live objects below a prefix with their generations.
func (w *World) generations(ctx context.Context, bucket, prefix string) (map[string]int64, error) {
	listed, err := w.list(ctx, bucket, &storage.Query{Prefix: prefix})
	at := map[string]int64{}
	for _, one := range listed {
		at[one.Name] = one.Generation
	}
	return at, err
}

// generation reads one generation, which never changes, once.
func (w *World) generation(ctx context.Context, bucket, name string, at int64) ([]byte, error) {
	key := fmt.Sprintf("%s/%s#%d", bucket, name, at)
	if content, known := w.read[key]; known {
		return content, nil
	}
	content, err := w.object(ctx, bucket, name, at)
	if err == nil {
		w.read[key] = content
	}
	return content, err
}
