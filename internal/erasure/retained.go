package erasure

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/calendar"
	"steward/internal/postgres"
	"steward/internal/task"
)

// noteRetained keeps until when each part of a case is retained, counted as its certificate counts it. What an earlier answer
// of the case kept is replaced: it was erased again since.
func noteRetained(ctx context.Context, tx postgres.Tx, of Case, zone *time.Location) error {
	stores, err := StoresOf(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	if _, err := tx.Exec(ctx, `delete from erasure_retained where erasure = $1`, of.ID); err != nil {
		return failWith("noting until when something is retained", err)
	}

	for _, each := range stores {
		for _, part := range each.Outcome.Retains() {
			// One that cannot be read has no certificate, and one of nothing no end.
			period, err := calendar.ParseDuration(part.For)
			if err != nil || part.Count == 0 {
				continue
			}

			_, err = tx.Exec(ctx, `insert into erasure_retained (erasure, store, basis, count, until) values ($1, $2, $3, $4, $5)
				on conflict (erasure, store, basis, until) do update set count = erasure_retained.count + excluded.count`,
				of.ID, each.Store, part.Basis, part.Count, period.AddTo(of.ErasedAt, zone))
			if err != nil {
				return failWith("noting until when something is retained", err)
			}
		}
	}

	return nil
}

// retainedAtOnce bounds one look: the next one goes on.
const retainedAtOnce = 1000

// RetainedDue opens a task for each erasure of which something was retained until asOf or before, and tells how many: nothing erases
// that by itself, and so nobody may forget it. A crash leaves both the note and no task, or the task alone. It fails with Unavailable.
func RetainedDue(ctx context.Context, db *postgres.DB, asOf time.Time) (due int, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		rows, err := tx.Query(ctx, `with over as (delete from erasure_retained where (erasure, store, basis, until) in
				(select erasure, store, basis, until from erasure_retained where until <= $1 order by until limit $2) returning erasure)
			select distinct erasure from over order by erasure`, asOf, retainedAtOnce)
		if err != nil {
			return failWith("looking for what was retained until now", err)
		}

		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return failWith("looking for what was retained until now", err)
		}

		for _, id := range found {
			if err := openTask(ctx, tx, task.EraseRetained, Case{ID: id}, asOf); err != nil {
				return err
			}
		}

		due = len(found)

		return nil
	})

	return due, failWith("asking for what was retained to be erased", err)
}
