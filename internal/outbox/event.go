package outbox

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/mailevent"
	"steward/internal/postgres"
)

// eventPrefix begins the ids of what providers told.
const eventPrefix = "mev"

// Record notes what a provider told of a mail, in the caller's transaction, and tells
// whether that was news: an event that was told before, or that is about a mail which
// is not there (any more), changes nothing. A bounce or a complaint ends a mail in any
// state, also one that is still waiting: the provider has it then, whatever we know.
func Record(ctx context.Context, tx postgres.Tx, event mailevent.Event, at time.Time) (news bool, err error) {
	rows, err := tx.Exec(ctx, `insert into mail_events (id, mail, kind, provider, reference, reason, at, received_at, ends_at)
		select $1, id, $3, $4, $5, $6, $7, $8, ends_at from mail where id = $2
		on conflict (provider, kind, reference) do nothing`,
		ids.New(eventPrefix), event.Mail, string(event.Kind), event.Provider, event.Reference, event.Reason, event.At, at)
	if err != nil || rows == 0 {
		return false, failure.Wrap(failure.Unavailable, "noting what became of a mail", err)
	}

	states := map[mailevent.Kind]State{mailevent.Bounced: Bounced, mailevent.Complained: Complained}

	state, ends := states[event.Kind]
	if !ends {
		return true, nil
	}

	// A complaint shows that it arrived after all, so it counts beside a bounce.
	_, err = tx.Exec(ctx, `update mail set state = $2, settled_at = $3 where id = $1 and state <> 'complained'`, event.Mail, string(state), at)

	return true, failure.Wrap(failure.Unavailable, "noting what became of a mail", err)
}
