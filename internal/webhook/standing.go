package webhook

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

const (
	// Late is for how long a delivery may be due before something is wrong: a pass is
	// made each minute, so after a quarter of an hour nobody delivers.
	Late = 15 * time.Minute
	// Stuck is for how long a delivery may wait in all: an endpoint that was down for a
	// deployment is back within the tries of the first hours.
	Stuck = 6 * time.Hour
	// Recent is how far back deliveries that were given up are counted, as with mails.
	Recent = 24 * time.Hour
)

// Standing is how the deliveries stand, in counts and times only.
type Standing struct {
	// Disabled counts the endpoints that said that they are gone. Nothing is sent there,
	// so what waits for them is in none of the others.
	Disabled int64
	// OverdueSince is when the delivery that is due the longest was to be made; zero
	// where none is due. What waits for an endpoint that was called within Late is not in
	// it: one that fails is called once in a pass, whatever else is due there.
	OverdueSince time.Time
	// WaitingSince is when the oldest delivery that waits was queued, whether it is due
	// or not; zero where none waits.
	WaitingSince time.Time
	// GivenUp counts the deliveries that were given up within Recent.
	GivenUp int64
}

// StandingAt tells how the deliveries stand at asOf.
//
// It reads what waits, all deliveries of an endpoint for which something is due, and for
// what was given up only deliveries that were queued within the time that they are tried;
// each has an index. One that a person queued
// again later, and that was given up again, is not counted: that person looks.
func StandingAt(ctx context.Context, q postgres.Queryer, asOf time.Time) (Standing, error) {
	var (
		standing         Standing
		overdue, waiting *time.Time
	)

	err := q.QueryRow(ctx, `select (select count(*) from webhook_endpoints where disabled_at is not null),
			min(d.due) filter (where d.due is not null and not exists (
				select from webhook_deliveries where endpoint = e.id and tried_at > $2)),
			min(d.queued)
		from webhook_endpoints as e cross join lateral (
			select min(next_at) filter (where next_at <= $1) as due, min(created_at) as queued
			from webhook_deliveries where endpoint = e.id and state = 'waiting') as d
		where e.disabled_at is null`, asOf, asOf.Add(-Late)).Scan(&standing.Disabled, &overdue, &waiting)
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "looking for deliveries that wait", err)
	}

	if overdue != nil {
		standing.OverdueSince = overdue.UTC()
	}

	if waiting != nil {
		standing.WaitingSince = waiting.UTC()
	}

	since := asOf.Add(-Recent)
	err = q.QueryRow(ctx, `select count(*) from webhook_deliveries where created_at > $1 and state = 'given_up' and settled_at > $2`,
		since.Add(-retryKeep), since).Scan(&standing.GivenUp)

	return standing, failure.Wrap(failure.Unavailable, "counting deliveries that were given up", err)
}
