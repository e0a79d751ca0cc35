package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

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

// retryKeep is how long a delivery lasts at least from a retry by hand on: all waits,
// their jitter, and what passes come late.
const retryKeep = 4 * 24 * time.Hour

// Retry queues a delivery again at once, with all its tries, also one that was given
// up, in the caller's transaction; it and its event last until those are over. It fails
// with UnknownDelivery where there is none and where it was delivered, and with
// DeliveryBusy while it is being tried: the claim goes by the number of the try. An
// endpoint that was disabled is used again. A crash before the caller's commit leaves everything as it was.
func Retry(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	ends := at.Add(retryKeep)

	var event string

	err := q.QueryRow(ctx, `update webhook_deliveries set state = 'waiting', next_at = $2, tries = 0, settled_at = null,
			ends_at = greatest(ends_at, $3)
		where id = $1 and state <> 'delivered' and (claimed_until is null or claimed_until <= $2)
		returning event`, id, at, ends).Scan(&event)
	if errors.Is(err, pgx.ErrNoRows) {
		return notRetried(ctx, q, id, at)
	}

	if err != nil {
		return failure.Wrap(failure.Unavailable, "trying a delivery again", err)
	}

	// Whoever asks for a retry says that the endpoint is there again.
	_, err = q.Exec(ctx, `update webhook_endpoints set disabled_at = null, disabled_reason = '', gone_since = null
		where gone_since is not null and id = (select endpoint from webhook_deliveries where id = $1)`, id)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "using a webhook endpoint again", err)
	}

	// The event first would be the order of the foreign key, but which it is stands in the
	// delivery. The end of own records deletes deliveries before events, as here.
	_, err = q.Exec(ctx, `update webhook_events set ends_at = greatest(ends_at, $2) where id = $1`, event, ends)

	return failure.Wrap(failure.Unavailable, "letting an event last", err)
}

// notRetried says why a delivery cannot be tried again.
func notRetried(ctx context.Context, q postgres.Queryer, id string, at time.Time) error {
	var busy bool

	err := q.QueryRow(ctx, `select exists (
		select from webhook_deliveries where id = $1 and state = 'waiting' and claimed_until > $2)`, id, at).Scan(&busy)

	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, "looking why a delivery is not tried again", err)
	case busy:
		return failure.New(failure.DeliveryBusy, "trying a delivery again")
	default:
		return failure.New(failure.UnknownDelivery, "trying a delivery again")
	}
}
