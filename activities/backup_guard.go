package activities

import (
	"context"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
)

// Guards looks at the buckets in which backups are stored before a run stores
// something there. It belongs to the backup role.
type Guards struct {
	// Storage holds the buckets.
	Storage *gcs.Client
	// Buckets are those that a backup is written to, as the policy needs them.
	Buckets []guard.Bucket
}

// BucketDrift is one thing that is wrong with one bucket.
type BucketDrift struct {
	guard.Finding

	// Bucket is its name in the policy.
	Bucket string `json:"bucket"`
}

// BucketLook is what a workflow learns of the buckets. Everything in it is text
// of this program, names of the policy and numbers.
type BucketLook struct {
	// Drift is what breaks the promise; empty where all is well.
	Drift []BucketDrift `json:"drift,omitempty"`
}

// CheckBuckets compares each bucket with the policy. What differs is a result, not
// an error, so that the run can say how to mend it: of an error only its code
// gets out. A bucket that is not there, or that may not be looked at, differs.
// It changes nothing, and may be called at any time and again.
func (g *Guards) CheckBuckets(ctx context.Context) (BucketLook, error) {
	var look BucketLook

	for _, wanted := range g.Buckets {
		found, err := g.check(ctx, wanted)
		if err != nil {
			return BucketLook{}, err
		}

		for _, one := range found {
			look.Drift = append(look.Drift, BucketDrift{Bucket: wanted.Name, Finding: one})
		}
	}

	return look, nil
}

func (g *Guards) check(ctx context.Context, wanted guard.Bucket) ([]guard.Finding, error) {
	have, err := g.Storage.Bucket(wanted.Name).Settings(ctx)

	switch {
	case failure.Is(err, failure.ObjectNotFound):
		return []guard.Finding{guard.Absent(wanted)}, nil
	case failure.Is(err, failure.StorageRefused), failure.Is(err, failure.Unauthorised):
		return []guard.Finding{guard.Hidden(wanted)}, nil
	case err != nil:
		return nil, err
	default:
		return guard.Drifts(guard.Check(wanted, have)), nil
	}
}
