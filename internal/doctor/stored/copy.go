package stored

import (
	"context"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// CheckCopy compares one copy of a backup with its signed manifest as it lies in the
// copy's own bucket, so that it says the same when the first location is lost. One
// that never was whole, or is gone, is skipped; one that lost an object is bad until it
// was made again.
func (c *Checker) CheckCopy(
	ctx context.Context, backup catalogue.Backup, copied copycatalogue.Copy, bucket *gcs.Bucket, asOf time.Time,
) (Result, error) {
	result := Result{
		Backup: backup.ID, Database: backup.Database, Day: backup.Day, State: backup.State, Verdict: Skipped, Findings: []Finding{},
		Location: copied.Location,
	}
	if copied.CopiedAt.IsZero() || copied.State == copycatalogue.Pruned {
		return result, nil
	}

	result.Verdict, result.Objects = Good, 1
	there := &Checker{Steward: c.Steward, Bucket: bucket, Verifier: c.Verifier}
	backup.ManifestGen = copied.ManifestGen

	document, err := there.manifest(ctx, backup, asOf)
	if err != nil {
		return result.with(backup.ManifestObject, err)
	}

	objects, err := copycatalogue.Shelf{Bucket: copied.Bucket}.EveryObject(ctx, c.Steward, backup.ID)
	if err != nil {
		return result, fmt.Errorf("comparing a copy: %w", err)
	}

	generations := map[string]int64{}
	for _, object := range objects {
		generations[object.Name] = object.Generation
	}

	for _, want := range []manifest.Stored{document.Archive, document.Globals} {
		result.Objects++
		want.Bucket, want.Generation = bucket.Name(), generations[want.Object]

		err := failure.New(failure.EvidenceMissing, "comparing the catalogue's list (it lacks an object of the copy)")
		if want.Generation != 0 {
			err = same(ctx, bucket, want)
		}

		if result, err = result.with(want.Object, err); err != nil {
			return result, err
		}
	}

	return result, nil
}
