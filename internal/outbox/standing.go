package outbox

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

const (
	// Late is for how long a mail may be due before something is wrong: a pass is made
	// each minute, so after a quarter of an hour nobody sends, or no server answers.
	Late = 15 * time.Minute
	// Stuck is for how long a mail may wait in all: greylisting and a restart of a mail
	// server take minutes, so after four hours somebody must look.
	Stuck = 4 * time.Hour
	// Recent is how far back mails that failed are counted: long enough to be seen by
	// whoever looks once a day, and over by itself.
	Recent = 24 * time.Hour
)

// Failures are the states of mails that did not arrive.
func Failures() []State { return []State{Refused, GivenUp, Uncertain, Bounced, Complained} }

// Standing is how the outbox stands, in counts and times only.
type Standing struct {
	// OverdueSince is when the mail that is due the longest was to be tried; zero where
	// none is due, and where a server took one within Late: of thousands that are queued
	// at once the last must wait, and mail is being sent.
	OverdueSince time.Time
	// WaitingSince is when the oldest mail that waits was queued, whether it is due or
	// not; zero where none waits.
	WaitingSince time.Time
	// Failed counts the mails that came into one of the states of Failures within
	// Recent; each of those is in it.
	Failed map[State]int64
}

// StandingAt tells how the outbox stands at asOf. giveUp is how long mails are tried.
//
// It reads what waits; where one is due, those that may still have been taken within Late;
// and for what failed only those mails that can have been settled within Recent: they
// were queued since then, or within the time that a mail is tried and may still bounce.
// Each has an index. A complaint about an older mail is not counted; such a mail went out.
func StandingAt(ctx context.Context, q postgres.Queryer, asOf time.Time, giveUp time.Duration) (Standing, error) {
	standing := Standing{Failed: map[State]int64{}}
	for _, state := range Failures() {
		standing.Failed[state] = 0
	}

	var overdue, waiting *time.Time

	err := q.QueryRow(ctx, `select min(next_at) filter (where next_at <= $1), min(queued_at) from mail where state = 'waiting'`, asOf).
		Scan(&overdue, &waiting)
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "looking for mails that wait", err)
	}

	standing.WaitingSince = orZero(waiting).UTC()

	if overdue != nil {
		going, err := taken(ctx, q, asOf.Add(-Late), giveUp)
		if err != nil {
			return Standing{}, err
		}

		if !going {
			standing.OverdueSince = overdue.UTC()
		}
	}

	since := asOf.Add(-Recent)

	rows, err := q.Query(ctx, `select state, count(*) from mail where queued_at > $1 and settled_at > $2 group by state`,
		since.Add(-giveUp-DeliveredAfter), since)
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "counting mails that failed", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[counted])
	if err != nil {
		return Standing{}, failure.Wrap(failure.Unavailable, "counting mails that failed", err)
	}

	for _, each := range found {
		if slices.Contains(Failures(), each.State) {
			standing.Failed[each.State] = each.Mails
		}
	}

	return standing, nil
}

// taken reports whether a server took a mail after since.
func taken(ctx context.Context, q postgres.Queryer, since time.Time, giveUp time.Duration) (found bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from mail where queued_at > $1 and accepted_at > $2)`, since.Add(-giveUp), since).Scan(&found)

	return found, failure.Wrap(failure.Unavailable, "looking for mails that were taken", err)
}

// counted is how many mails are in a state.
type counted struct {
	State State
	Mails int64
}
