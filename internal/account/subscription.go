package account

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// EventKind says what happened to a subscription.
type EventKind string

// The kinds of events.
const (
	// PaidUntil: it is paid until a time, whoever paid and however.
	PaidUntil EventKind = "paid_until"
	// Payment: a recurring payment was made; it may say until when that pays.
	Payment EventKind = "payment"
	// Cancelled: it will not be renewed. What is paid stays paid.
	Cancelled EventKind = "cancelled"
)

// longestPaid is how far ahead a subscription can be paid: the longest contracts
// run for ten years; a time beyond is a mistake that would keep data for ever.
const longestPaid = 20

// Event is something that happened to an account's subscription.
type Event struct {
	// Account is the account's id.
	Account string
	Kind    EventKind
	// At is when it happened: events are ordered by it, not by their arrival.
	At time.Time
	// PaidUntil is until when the subscription is then paid; zero where the event does
	// not say.
	PaidUntil time.Time
}

// Check gives the event with its times in UTC, as it is to be recorded at asOf. It
// fails with SignInFuture or SignTooOld for the time of the event, and with
// EventRefused where the time of payment is missing, not to be, or too far ahead.
func (e Event) Check(asOf time.Time) (Event, error) {
	var err error
	if e.At, err = Plausible(e.At, asOf); err != nil {
		return Event{}, err
	}

	needs, may := e.Kind == PaidUntil, e.Kind == PaidUntil || e.Kind == Payment
	refused := needs && e.PaidUntil.IsZero() || !may && !e.PaidUntil.IsZero()

	if !e.PaidUntil.IsZero() {
		refused = refused || e.PaidUntil.Before(earliest()) || e.PaidUntil.After(asOf.AddDate(longestPaid, 0, 0))
	}

	if refused || e.At.IsZero() || !may && e.Kind != Cancelled {
		return Event{}, failure.New(failure.EventRefused, "reading an event of a subscription")
	}

	e.PaidUntil = e.PaidUntil.UTC()

	return e, nil
}

// upsertEvent merges one event. Each column has an order of its own, by the time of
// the event, so that any order of arrival ends in the same row; of two words of the
// same instant the later time of payment stays, which errs on the side of keeping.
const upsertEvent = `insert into accounts as a (id, registered_at, paid_at, paid_until, paid_until_said_at, cancelled_at, signs)
	values ($1, $2, $3, $4, $5, $6, 1)
	on conflict (id) do update set
		paid_at = greatest(a.paid_at, excluded.paid_at),
		paid_until = case when ` + saidLater + ` then excluded.paid_until else a.paid_until end,
		paid_until_said_at = greatest(a.paid_until_said_at, excluded.paid_until_said_at),
		cancelled_at = greatest(a.cancelled_at, excluded.cancelled_at),
		signs = a.signs + 1,
		state = case when $7 then 'alive' else a.state end,
		closing_case = case when $7 then '' else a.closing_case end,
		closing_at = case when $7 then null else a.closing_at end
	where a.state <> 'closed' and (` + saidLater + `
		or excluded.paid_at is not null and (a.paid_at is null or a.paid_at < excluded.paid_at)
		or excluded.cancelled_at is not null and (a.cancelled_at is null or a.cancelled_at < excluded.cancelled_at))`

const saidLater = `excluded.paid_until is not null and (a.paid_until is null
		or (a.paid_until_said_at, a.paid_until) < (excluded.paid_until_said_at, excluded.paid_until))`

// Apply merges one checked event of a subscription. Late, repeated and out-of-order
// events change nothing that a newer one said. A payment, or a time until which is
// paid, makes a closing account alive again where it is news; a cancellation does
// not. It fails with AccountGone for a closed account. A crash before the caller's
// commit leaves nothing.
func Apply(ctx context.Context, q postgres.Queryer, event Event, asOf time.Time) error {
	var paid, said, cancelled time.Time

	switch event.Kind {
	case Payment:
		paid = event.At
	case Cancelled:
		cancelled = event.At
	case PaidUntil:
	}

	if !event.PaidUntil.IsZero() {
		said = event.At
	}

	touched, err := q.Exec(ctx, upsertEvent, event.Account, asOf,
		postgres.Nullable(paid), postgres.Nullable(event.PaidUntil), postgres.Nullable(said), postgres.Nullable(cancelled),
		event.Kind != Cancelled)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "recording an event of a subscription", err)
	}

	if touched > 0 {
		return nil
	}

	gone, err := closed(ctx, q, []string{event.Account})
	if err == nil && gone[event.Account] {
		err = failure.New(failure.AccountGone, "recording an event of a subscription")
	}

	return err
}
