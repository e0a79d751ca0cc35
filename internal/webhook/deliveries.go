package webhook

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
)

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	// ID is opaque, as are Event, which is the webhook-id, and Endpoint.
	ID, Event, Endpoint string
	// Type is that of the event.
	Type Type
	// State is waiting, delivered or given_up.
	State string
	// Tries are those so far, Status and Code why the last one failed.
	Tries  int
	Status int
	Code   failure.Code
	// CreatedAt is when it was queued, NextAt when it is tried next at the earliest,
	// SettledAt when it was delivered or given up; zero for what is not yet.
	CreatedAt, NextAt, SettledAt time.Time
}

// Place is that of this delivery.
func (d Delivery) Place() page.Place { return page.Place{At: d.CreatedAt, ID: d.ID} }

// Deliveries reads deliveries, the newest first, no more than limit, of one endpoint or
// of all, behind a place.
func Deliveries(ctx context.Context, q postgres.Queryer, endpoint string, after page.Place, limit int) ([]Delivery, error) {
	at, id := after.Behind()

	rows, err := q.Query(ctx, `select d.id, d.event, d.endpoint, e.type, d.state, d.tries, coalesce(d.status, 0), d.code,
			d.created_at, d.next_at, d.settled_at
		from webhook_deliveries as d join webhook_events as e on e.id = d.event
		where ($4 = '' or d.endpoint = $4) and ($1::timestamptz is null or (d.created_at, d.id) < ($1, $2))
		order by d.created_at desc, d.id desc limit $3`, at, id, limit, endpoint)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading deliveries", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Delivery, error) {
		var (
			one     Delivery
			settled *time.Time
		)

		err := row.Scan(&one.ID, &one.Event, &one.Endpoint, &one.Type, &one.State, &one.Tries, &one.Status, &one.Code,
			&one.CreatedAt, &one.NextAt, &settled)
		if settled != nil {
			one.SettledAt = *settled
		}

		return one, err
	})

	return found, failure.Wrap(failure.Unavailable, "reading deliveries", err)
}
