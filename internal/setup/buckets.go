package setup

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/guard"
)

// MakeBuckets creates what is missing. A bucket that is there and differs is left as
// it is: to loosen a retention or to drop a rule is a person's decision.
func (s *Setup) MakeBuckets(ctx context.Context) ([]Step, error) {
	var steps []Step

	for _, wanted := range s.Buckets {
		bucket := s.Storage.Bucket(wanted.Name)

		created, err := bucket.Create(ctx, wanted.Settings)
		if err != nil {
			return steps, fmt.Errorf("creating a bucket: %w", err)
		}

		have, err := bucket.Settings(ctx)
		if err != nil {
			return steps, fmt.Errorf("looking at a bucket: %w", err)
		}

		step := Step{Area: areaBucket, Name: wanted.Name, Outcome: Unchanged}
		if created {
			step.Outcome = Created
		}

		for _, finding := range guard.Check(wanted, have) {
			step.Outcome = Differs
			step.Changes = append(step.Changes, finding.String())

			if finding.Level == guard.Drift {
				step.Code = failure.BucketDrift
			}
		}

		steps = append(steps, step)
	}

	return steps, nil
}
