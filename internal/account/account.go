package account

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// State is how far an account has come.
type State string

// The states.
const (
	// Alive is every account that nothing is closing.
	Alive State = "alive"
	// Closing is one whose case has begun; any news makes it alive again.
	Closing State = "closing"
	// Closed is one that a case has closed for good. It stays, so that whoever names
	// it is answered that it is gone.
	Closed State = "closed"
)

// Account is one row. Times are in UTC, zero where they are not known.
type Account struct {
	// ID is the app's integer or UUID, or an id that Steward gave.
	ID    string
	State State
	// RegisteredAt is when Steward first heard of it.
	RegisteredAt time.Time
	// CreatedAt is when it began in the app, if the app said so.
	CreatedAt time.Time
	// LastInteractionAt is the newest sign of life of a user.
	LastInteractionAt time.Time
	// PaidAt is the newest payment.
	PaidAt time.Time
	// PaidUntil is until when the subscription is paid, as of PaidUntilSaidAt.
	PaidUntil, PaidUntilSaidAt time.Time
	// CancelledAt is the newest cancellation.
	CancelledAt time.Time
	// Signs counts what was news. Who decides about the account names what it saw.
	Signs int64
	// ClosingCase is the case that closes it, empty while it is alive.
	ClosingCase         string
	ClosingAt, ClosedAt time.Time
}

// Subscribed reports whether the newest word on the subscription was not that it
// ends. Whether it is still paid at some instant says PaidUntil.
func (a Account) Subscribed() bool {
	said := a.PaidAt
	if a.PaidUntilSaidAt.After(said) {
		said = a.PaidUntilSaidAt
	}

	return !said.IsZero() && !a.CancelledAt.After(said)
}

const columns = `id, state, registered_at, created_at, last_interaction_at, paid_at, paid_until, paid_until_said_at, cancelled_at,
	signs, closing_case, closing_at, closed_at`

// Get reads one account by its id. It fails with AccountUnknown where nobody has
// told of it.
func Get(ctx context.Context, q postgres.Queryer, id string) (Account, error) {
	found, err := scan(q.QueryRow(ctx, `select `+columns+` from accounts where id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return Account{}, failure.New(failure.AccountUnknown, "looking for an account")
	}

	return found, failure.Wrap(failure.Unavailable, "reading an account", err)
}

func scan(row pgx.Row) (Account, error) {
	var (
		found                                                     Account
		created, seen, paid, until, said, cancelled, begun, ended *time.Time
	)

	err := row.Scan(&found.ID, &found.State, &found.RegisteredAt, &created, &seen, &paid, &until, &said, &cancelled,
		&found.Signs, &found.ClosingCase, &begun, &ended)

	found.RegisteredAt = found.RegisteredAt.UTC()
	found.CreatedAt, found.LastInteractionAt, found.PaidAt = postgres.Instant(created), postgres.Instant(seen), postgres.Instant(paid)
	found.PaidUntil, found.PaidUntilSaidAt, found.CancelledAt = postgres.Instant(until), postgres.Instant(said), postgres.Instant(cancelled)
	found.ClosingAt, found.ClosedAt = postgres.Instant(begun), postgres.Instant(ended)

	return found, err //nolint:wrapcheck // who runs the statement says which one it was
}
