package account

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Register makes an account, or finds the one that is there, perhaps since a sign
// of life came first; fresh says which. Of several times of creation the earliest
// stays. It fails with AccountGone for a closed one, and with SignInFuture or
// SignTooOld for a time of creation that cannot be. A crash before the caller's
// commit leaves nothing.
func Register(ctx context.Context, q postgres.Queryer, id string, created, asOf time.Time) (found Account, fresh bool, err error) {
	if created, err = Plausible(created, asOf); err != nil {
		return Account{}, false, err
	}

	found, err = scan(q.QueryRow(ctx, `insert into accounts (id, registered_at, created_at) values ($1, $2, $3)
		on conflict (id) do nothing returning `+columns, id, asOf, postgres.Nullable(created)))
	if err == nil {
		return found, true, nil
	}

	if !errors.Is(err, pgx.ErrNoRows) {
		return Account{}, false, failure.Wrap(failure.Unavailable, "registering an account", err)
	}

	found, err = again(ctx, q, id, created)

	return found, false, err
}

// again registers an account that is there.
func again(ctx context.Context, q postgres.Queryer, id string, created time.Time) (Account, error) {
	if !created.IsZero() {
		_, err := q.Exec(ctx, `update accounts set created_at = $2
			where id = $1 and state <> 'closed' and (created_at is null or created_at > $2)`, id, created)
		if err != nil {
			return Account{}, failure.Wrap(failure.Unavailable, "noting when an account was created", err)
		}
	}

	found, err := Get(ctx, q, id)
	if err == nil && found.State == Closed {
		err = failure.New(failure.AccountGone, "registering an account")
	}

	return found, err
}
