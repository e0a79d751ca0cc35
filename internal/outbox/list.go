package outbox

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
)

// Row is one mail as people see it: what is sealed stays so.
type Row struct {
	// ID is opaque; MessageID is the header of every copy.
	ID, MessageID string
	// Letter and Language say what was written, About the opaque id of what it is about.
	Letter, Language, About string
	// State is that of the given instant.
	State State
	// Tries are those so far, Code and Reply why the last one failed.
	Tries int
	Code  failure.Code
	Reply int
	// QueuedAt, AcceptedAt, SettledAt and EndsAt are its life; zero for what is not yet.
	QueuedAt, AcceptedAt, SettledAt, EndsAt time.Time
}

// Place is that of this row.
func (r Row) Place() page.Place { return page.Place{At: r.QueuedAt, ID: r.ID} }

// List reads mails, the newest first, no more than limit, behind a place.
func List(ctx context.Context, q postgres.Queryer, after page.Place, limit int, asOf time.Time) ([]Row, error) {
	at, id := after.Behind()

	rows, err := q.Query(ctx, `select id, message_id, letter, language, about, state, tries, code, coalesce(reply, 0),
			queued_at, accepted_at, settled_at, ends_at
		from mail where $1::timestamptz is null or (queued_at, id) < ($1, $2) order by queued_at desc, id desc limit $3`, at, id, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the outbox", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Row, error) {
		var (
			one               Row
			accepted, settled *time.Time
		)

		err := row.Scan(&one.ID, &one.MessageID, &one.Letter, &one.Language, &one.About, &one.State, &one.Tries, &one.Code, &one.Reply,
			&one.QueuedAt, &accepted, &settled, &one.EndsAt)
		one.AcceptedAt, one.SettledAt = orZero(accepted), orZero(settled)
		one.State = StateAt(one.State, one.AcceptedAt, asOf)

		return one, err
	})

	return found, failure.Wrap(failure.Unavailable, "reading the outbox", err)
}

func orZero(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}

	return *at
}
