package filebackup

import (
	"context"
	"fmt"
	"time"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprogress"
	"steward/internal/gcs"
)

// expect estimates how much is read from the app's bucket: about what the last good
// backup stored anew. Before there is one, when it matters most, the bucket is listed
// once more: that costs little beside reading all of it.
func (r *run) expect(ctx context.Context) error {
	if r.Expected == nil {
		return nil
	}

	fresh, known, err := filecatalogue.FreshBytes(ctx, r.Steward, r.backup.Files)
	if err == nil && !known {
		fresh, err = r.survey(ctx)
	}

	if err != nil {
		return fmt.Errorf("estimating: %w", err)
	}

	r.Expected(fresh)

	return nil
}

// survey adds up what earlier attempts have not stored yet.
func (r *run) survey(ctx context.Context) (int64, error) {
	var all int64

	r.meter.Begin(fileprogress.Survey)

	for object, err := range r.Source.List(ctx, r.Prefix, gcs.ListOptions{}) {
		if err != nil {
			return 0, fmt.Errorf("listing the app's files: %w", err)
		}

		all += object.Size
		r.meter.Add(0, 1)
	}

	stored, err := filecatalogue.StoredBytes(ctx, r.Steward, r.backup.Files)

	return max(0, all-stored), err
}

// inTime refuses a file that no run can end with: each would read it from its
// beginning, until its time is over, for ever.
func (r *run) inTime(bytes int64) error {
	if r.Bandwidth <= 0 || r.Longest <= 0 || float64(bytes)/float64(r.Bandwidth) <= r.Longest.Seconds() {
		return nil
	}

	needs := time.Duration(float64(bytes) / float64(r.Bandwidth) * float64(time.Second)).Round(time.Minute)

	return failure.New(failure.PolicyInvalid, fmt.Sprintf(
		"reading a file of %d bytes (at promises.backups.limits.bandwidth it takes %s, and a run ends after promises.backups.catch_up, %s)",
		bytes, needs, r.Longest))
}
