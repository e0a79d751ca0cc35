package account

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// upsertSigns writes many signs in one statement. A sign that is not newer than
// what is known touches nothing. Rows are locked in the order of their ids, so that
// two statements at once never wait for each other in a circle.
const upsertSigns = `insert into accounts as a (id, registered_at, last_interaction_at, signs)
	select id, $3, at, 1 from unnest($1::text[], $2::timestamptz[]) as sign(id, at) order by id
	on conflict (id) do update
		set last_interaction_at = excluded.last_interaction_at, signs = a.signs + 1,
			state = 'alive', closing_case = '', closing_at = null
		where a.state <> 'closed' and (a.last_interaction_at is null or a.last_interaction_at < excluded.last_interaction_at)`

// Record writes the newest sign of each account, as one statement that commits by
// itself, and gives the accounts that are closed: of these nothing is recorded. An
// account that nobody told of is registered at asOf. A closing account whose sign
// is news is alive again.
//
// When it returns without an error, every other sign is durable. When it fails,
// any may be, and sending them again does no harm. A crash before the commit
// leaves nothing.
func Record(ctx context.Context, db *postgres.DB, signs map[string]time.Time, asOf time.Time) (gone map[string]bool, err error) {
	accounts, times := make([]string, 0, len(signs)), make([]time.Time, 0, len(signs))

	for id := range signs {
		accounts = append(accounts, id)
	}

	slices.Sort(accounts)

	for _, id := range accounts {
		times = append(times, signs[id])
	}

	touched, err := db.Exec(ctx, upsertSigns, accounts, times, asOf)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "recording signs of life", err)
	}

	if touched == int64(len(accounts)) {
		return nil, nil //nolint:nilnil // no account is gone
	}

	return closed(ctx, db, accounts)
}

// closed are those of the accounts that are closed. That is final, so that asking
// after the commit gives what held before it.
func closed(ctx context.Context, q postgres.Queryer, accounts []string) (map[string]bool, error) {
	rows, err := q.Query(ctx, `select id from accounts where id = any($1) and state = 'closed'`, accounts)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for closed accounts", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for closed accounts", err)
	}

	gone := map[string]bool{}
	for _, id := range found {
		gone[id] = true
	}

	return gone, nil
}
