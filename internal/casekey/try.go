package casekey

import (
	"context"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Try opens one key of a case for each master key that wrapped any, and tells how many
// that were. It changes nothing. It fails with CaseKeyWrong where one does not open
// here, and with Unauthorised where this role of the database may not read them.
func (k Keeper) Try(ctx context.Context, q postgres.Queryer) (masters int, err error) {
	if err := k.Ready(); err != nil {
		return 0, err
	}

	rows, err := q.Query(ctx, `select distinct on (master) case_id, master, wrapped from case_keys order by master`)
	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "looking for keys of cases", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (each old, err error) {
		err = row.Scan(&each.caseID, &each.wrapped.Master, &each.wrapped.Bytes)

		return each, err
	})
	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "reading keys of cases", err)
	}

	for _, each := range found {
		if _, err := k.Master.Unwrap(ctx, each.wrapped, bound(each.caseID)); err != nil {
			return 0, failure.Wrap(failure.CaseKeyWrong, "opening the key of a case", err)
		}
	}

	return len(found), nil
}
