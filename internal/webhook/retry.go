package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// waits are those that Standard Webhooks proposes, 75.6 hours in all: a receiver that
// is down over a weekend gets everything.
func waits() []time.Duration {
	return []time.Duration{
		5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
		20 * time.Hour, 24 * time.Hour,
	}
}

// jitter is by how much of itself a wait is longer at most, so that what failed together
// does not come back together.
const jitter = 0.1

// NextTry is how long after a try that failed the next one may be made; tries are
// counted from 1. It is false after the last one. The same delivery and try always give
// the same wait.
func NextTry(delivery string, tries int) (time.Duration, bool) {
	all := waits()
	if tries < 1 || tries > len(all) {
		return 0, false
	}

	sum := sha256.Sum256([]byte(delivery + "/" + strconv.Itoa(tries)))
	part := float64(binary.BigEndian.Uint32(sum[:])) / (1 << 32)
	wait := all[tries-1]

	return wait + time.Duration(float64(wait)*jitter*part), true
}

// Retry queues a delivery again at once, with all its tries, also one that was given
// up. It fails with UnknownDelivery where there is none, where it was delivered, and
// where its endpoint is gone.
func Retry(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	rows, err := q.Exec(ctx, `update webhook_deliveries set state = 'waiting', next_at = $2, tries = 0, settled_at = null
		where id = $1 and state <> 'delivered'
			and exists (select from webhook_endpoints where webhook_endpoints.id = endpoint and disabled_at is null)`, id, at)
	if err == nil && rows == 0 {
		return failure.New(failure.UnknownDelivery, "trying a delivery again")
	}

	return failure.Wrap(failure.Unavailable, "trying a delivery again", err)
}
