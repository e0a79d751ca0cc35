package account

import (
	"context"
	"time"

	"steward/internal/clocks"
	"steward/internal/groupcommit"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// The limits of the committers.
const (
	// maxWaiting is some ten seconds of what two cores write.
	maxWaiting = 200_000
	// maxGroup is enough to share one flush among thousands of callers, and still done
	// in a tenth of a second.
	maxGroup = 10_000
	// writeTimeout is how long one group may take: a caller has gone by then.
	writeTimeout = 10 * time.Second
)

// Committer writes signs of life of many callers together. It is safe for
// concurrent use.
type Committer struct {
	group *groupcommit.Committer[[]Sign, map[string]bool]
}

// NewCommitter starts one. Its statements carry what ctx holds and outlive its end:
// Close ends them.
func NewCommitter(ctx context.Context, db *postgres.DB, clock clocks.Clock, scale patience.Scale) *Committer {
	return &Committer{group: groupcommit.New(ctx, groupcommit.Options[[]Sign, map[string]bool]{
		Write: func(ctx context.Context, brought [][]Sign) ([]map[string]bool, error) {
			return recordAll(ctx, db, brought, clock.Now())
		},
		Size:       func(signs []Sign) int { return len(signs) },
		MaxWaiting: maxWaiting, MaxGroup: maxGroup, Timeout: scale.Of(writeTimeout),
	})}
}

// recordAll writes what several callers brought, and tells each which accounts are
// closed.
func recordAll(ctx context.Context, db *postgres.DB, brought [][]Sign, asOf time.Time) ([]map[string]bool, error) {
	signs := map[string]time.Time{}
	for _, each := range brought {
		newest(signs, each)
	}

	gone, err := Record(ctx, db, signs, asOf)
	if err != nil {
		return nil, err
	}

	answers := make([]map[string]bool, len(brought))
	for i := range answers {
		answers[i] = gone
	}

	return answers, nil
}

// Record waits until the signs are durable, and gives the accounts that are closed:
// of these nothing was recorded. It fails with SignsWaiting, at once and with
// nothing recorded, where too much waits or the committer is closed, and with
// Unavailable where the database does not answer: then the signs may be recorded.
// So they may if ctx ends first.
func (c *Committer) Record(ctx context.Context, signs []Sign) (gone map[string]bool, err error) {
	if len(signs) == 0 {
		return nil, nil //nolint:nilnil // no account is gone
	}

	return c.group.Do(ctx, signs)
}

// Close takes nothing more, and returns when everything that was accepted is
// answered. It may be called again.
func (c *Committer) Close() { c.group.Close() }
