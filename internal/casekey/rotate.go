package casekey

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// rewrapBatch is how many keys one transaction wraps anew: some milliseconds of
// work, and few row locks.
const rewrapBatch = 200

// Rewrap wraps every key that an older master key wrapped with the current one, so
// that the older can be destroyed. It tells how many it did. It may be called again
// after any end, and by several processes at once: each key is done once. It fails
// with CaseKeyWrong where a key was wrapped by a master key that is not held here.
func (k Keeper) Rewrap(ctx context.Context, db *postgres.DB) (done int, err error) {
	for {
		var batch int

		err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
			batch, err = k.rewrapSome(ctx, tx)

			return err
		})
		if err != nil {
			return done, failure.Wrap(failure.Unavailable, "wrapping keys of cases anew", err)
		}

		if done += batch; batch < rewrapBatch {
			return done, nil
		}
	}
}

// old is one key that an older master key wrapped.
type old struct {
	caseID  string
	wrapped Wrapped
}

func (k Keeper) rewrapSome(ctx context.Context, tx postgres.Tx) (int, error) {
	rows, err := tx.Query(ctx, `select case_id, master, wrapped from case_keys where master <> $1
		order by case_id limit $2 for update skip locked`, k.Master.Current(), rewrapBatch)
	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "looking for keys of an older master key", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (each old, err error) {
		err = row.Scan(&each.caseID, &each.wrapped.Master, &each.wrapped.Bytes)

		return each, err
	})
	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "reading keys of an older master key", err)
	}

	for _, each := range found {
		if err := k.rewrap(ctx, tx, each); err != nil {
			return 0, err
		}
	}

	return len(found), nil
}

func (k Keeper) rewrap(ctx context.Context, tx postgres.Tx, each old) error {
	plain, err := k.Master.Unwrap(ctx, each.wrapped, bound(each.caseID))
	if err != nil {
		return failure.Wrap(failure.CaseKeyWrong, "unwrapping a key of an older master key", err)
	}

	fresh, err := k.Master.Wrap(ctx, plain, bound(each.caseID))
	if err != nil {
		return failure.Wrap(failure.CaseKeyWrong, "wrapping a key anew", err)
	}

	_, err = tx.Exec(ctx, `update case_keys set master = $2, wrapped = $3 where case_id = $1`, each.caseID, fresh.Master, fresh.Bytes)

	return failure.Wrap(failure.Unavailable, "storing a key that was wrapped anew", err)
}

// errNoKeeper says that a process was not given a master key.
var errNoKeeper = errors.New("no master key in STEWARD_KEYS_DIR")

// Ready fails with ConfigInvalid where this process has no master key.
func (k Keeper) Ready() error {
	if k.Master == nil {
		return failure.Wrap(failure.ConfigInvalid, "looking for "+MasterFile, errNoKeeper)
	}

	return nil
}
