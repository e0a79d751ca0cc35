package objects

import (
	"context"
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/store"
)

// found takes a chunk of objects, each once, and how many generations of it were listed that count.
type found func(objects []appdb.Object, generations map[appdb.Object]int64) error

// listed tells what lies below the prefixes of the subject, in chunks. It fails with MapUnfit for a bucket that is Steward's, or is not
// there: nobody knows then where the account's objects lie.
func (b below) listed(
	ctx context.Context, subject store.Subject, frozen store.Frozen, options gcs.ListOptions, counts func(gcs.Object) bool, tell found,
) error {
	if subject.Kind != plan.Account {
		return nil
	}

	key, err := b.frozenKey(ctx, frozen)
	if err == nil && key == "" {
		key, err = b.key(ctx, subject)
	}

	if err != nil {
		return err
	}

	for _, prefix := range b.declared {
		if slices.Contains(b.own, prefix.Bucket) {
			return failure.New(failure.MapUnfit, "looking below prefixes: "+prefix.Bucket+" is Steward's own bucket")
		}

		in, here := b.moved.at(prefix.Bucket)
		if !here {
			continue
		}

		err := b.list(ctx, b.client.Bucket(in), prefix, key, options, counts, tell)
		if failure.Is(err, failure.ObjectNotFound) {
			return failure.New(failure.MapUnfit, "looking below prefixes: there is no bucket "+prefix.Bucket)
		}

		if err != nil {
			return err
		}
	}

	return nil
}

func (b below) list(
	ctx context.Context, in *gcs.Bucket, prefix datamap.Prefix, key string, options gcs.ListOptions, counts func(gcs.Object) bool, tell found,
) error {
	var chunk []appdb.Object

	generations := map[appdb.Object]int64{}
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}

		err := tell(chunk, generations)
		chunk, generations = nil, map[appdb.Object]int64{}

		return err
	}

	for listed, err := range in.List(ctx, prefix.Of(key), options) {
		if err != nil {
			return fmt.Errorf("listing below a prefix: %w", err)
		}

		if !counts(listed) {
			continue
		}

		object := appdb.Object{Bucket: prefix.Bucket, Name: listed.Name}

		// The generations of one object follow each other.
		if generations[object] == 0 {
			if len(chunk) == chunkRows {
				if err := flush(); err != nil {
					return err
				}
			}

			chunk = append(chunk, object)
		}

		generations[object]++
	}

	return flush()
}
