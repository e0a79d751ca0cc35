package activities

import (
	"context"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
)

// FileGuards looks at the bucket in which the contents of files are stored, and at
// the app's, before a run stores something. It belongs to the backup role.
type FileGuards struct {
	// Storage holds the buckets.
	Storage *gcs.Client
	// Bucket takes the contents, as the policy needs it.
	Bucket guard.Bucket
	// Sources are what is backed up, by the name of the set in the policy.
	Sources map[string]FileSource
}

// FileSource is a part of the app's bucket.
type FileSource struct {
	// Bucket is its name.
	Bucket string
	// Prefix begins the names of the files that are meant.
	Prefix string
}

// CheckFileBuckets compares the bucket of the contents with the policy, as
// CheckBuckets does that of backups, and looks whether the files of a set may be
// listed and read. It fails with UnknownDatabase for a set that the policy does not
// name. It changes nothing, and may be called at any time and again.
func (g *FileGuards) CheckFileBuckets(ctx context.Context, files string) (BucketLook, error) {
	source, known := g.Sources[files]
	if !known {
		return BucketLook{}, failure.New(failure.UnknownDatabase, "looking at the buckets of files")
	}

	look, err := (&Guards{Storage: g.Storage, Buckets: []guard.Bucket{g.Bucket}}).CheckBuckets(ctx)
	if err != nil {
		return BucketLook{}, err
	}

	found, wrong, err := g.source(ctx, source)
	if wrong {
		look.Drift = append(look.Drift, BucketDrift{Bucket: source.Bucket, Finding: found})
	}

	return look, err
}

// source looks at the first file that there is. An empty bucket shows nothing of
// whether it may be read, and there is nothing to read.
func (g *FileGuards) source(ctx context.Context, source FileSource) (found guard.Finding, wrong bool, err error) {
	bucket := g.Storage.Bucket(source.Bucket)

	for object, err := range bucket.List(ctx, source.Prefix, gcs.ListOptions{}) {
		switch {
		case failure.Is(err, failure.ObjectNotFound):
			return guard.NoSource(), true, nil
		case refused(err):
			return guard.Unlisted(source.Bucket), true, nil
		case err != nil:
			return guard.Finding{}, false, err
		}

		reader, _, err := bucket.Get(ctx, object.Name, object.Generation)

		switch {
		case refused(err):
			return guard.Unread(source.Bucket), true, nil
		case failure.Is(err, failure.ObjectNotFound):
			return guard.Finding{}, false, nil // the app deleted it meanwhile
		case err != nil:
			return guard.Finding{}, false, err
		default:
			return guard.Finding{}, false, reader.Close()
		}
	}

	return guard.Finding{}, false, nil
}

func refused(err error) bool {
	return failure.Is(err, failure.StorageRefused) || failure.Is(err, failure.Unauthorised)
}
