package doctor

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/replay"
)

// replayBucket looks through the bucket of replay records for what no record has. It removes nothing.
func (d *Doctor) replayBucket(ctx context.Context) Check {
	const name = "replay records"

	if d.Policy.Storage.Replay == "" || d.Storage == nil {
		return skipped(name, notLooked+"there is no bucket for them here")
	}

	return d.ask(ctx, name, func(ctx context.Context, db *postgres.DB) Check {
		records := replay.Records{Bucket: d.Storage.Bucket(d.Policy.Storage.Replay), Catalogue: replay.Catalogue{DB: db}}
		found, err := records.Look(ctx, d.Clock.Now())

		switch {
		case failure.Is(err, failure.Unauthorised):
			return skipped(name, notLooked+"the login or the service account here may not list them; those of the role erase may")
		case err != nil:
			return failed(name, err)
		case found.Unknown > 0:
			return wrong(name, failure.ReplayUnknown, fmt.Sprintf("%d objects are of no erasure that is known", found.Unknown),
				"See docs/runbooks.md#replay-unknown")
		case found.Strays > 0:
			return warned(name, fmt.Sprintf("%d objects are left of erasures that have ended", found.Strays),
				"The role erase removes them once a day: is its worker running?")
		default:
			return fine(name, "each is of an erasure that is open")
		}
	})
}
