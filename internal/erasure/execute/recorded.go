package execute

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"steward/internal/erasure/selection"
	"steward/internal/failure"
	"steward/internal/liveschema"
)

// Recorder keeps the names of what rows hold outside of their tables: rows as texts, of the i-th set of the route where it is one of
// large objects, or of objects in Cloud Storage where i is -1. When it returns, they are durable.
type Recorder func(ctx context.Context, set int, names [][]string) error

// records says that a job takes names away that only its rows know.
func (r *Runner) records(job selection.Job) bool {
	for _, each := range selection.Each([]selection.Job{job}) {
		if len(r.Found.Records(each, "")) > 0 {
			return r.Record != nil
		}
	}

	return false
}

// record keeps the names of what rows hold, before they go, and in the transaction in which they do: a crash leaves names of
// rows that are still there, and never rows gone whose names nobody has.
func (r *Runner) record(ctx context.Context, job selection.Job, seed string, args ...any) error {
	for _, record := range r.Found.Records(job, seed) {
		rows, err := r.Session.Query(ctx, record.SQL, args...)
		if err != nil {
			return fmt.Errorf("reading names of objects: %w", err)
		}

		names, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
		if err != nil {
			return fmt.Errorf("reading names of objects: %w", err)
		}

		if len(names) == 0 {
			continue
		}

		if err := r.keep(ctx, record.Set, names); err != nil {
			return err
		}
	}

	return nil
}

const (
	// recordWithin is how long names may take to be kept, unless Limits say another time: so long others wait for their rows.
	recordWithin = 5 * time.Second
	// recordedEach is how many names have that time. A batch has some more at most; one statement about a circle has any number.
	recordedEach = 10_000
)

// keep has names kept while their rows are locked. It fails with NamesNotKept where that takes too long, and the rows are let
// go. Whether the names are kept then, nobody knows: the same are kept again in the same place.
func (r *Runner) keep(ctx context.Context, set int, names [][]string) error {
	most := cmp.Or(r.Limits.Record, recordWithin) * time.Duration(1+len(names)/recordedEach)

	within, cancel := context.WithTimeout(ctx, most)
	defer cancel()

	err := r.Record(within, set, names)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return failure.New(failure.NamesNotKept, "keeping names of objects for "+most.String())
	}

	return err
}

// recordedWhole does a job in the transaction of the caller, leaf by leaf: rows are locked, their names kept, and those rows
// done. One that comes meanwhile is left to the next pass.
func (r *Runner) recordedWhole(ctx context.Context, job selection.Job) (all int64, err error) {
	for _, leaf := range job.Leaves() {
		for {
			places, err := r.lock(ctx, job.Lock(leaf), r.Limits.MostBatch)
			if err != nil {
				return all, err
			}

			rows, err := r.recordedAt(ctx, job, leaf, places)
			if err != nil {
				return all, err
			}

			if all += rows; rows == 0 || len(places) < r.Limits.MostBatch {
				break
			}
		}
	}

	return all, nil
}

func (r *Runner) lock(ctx context.Context, statement string, arg any) ([]pgtype.TID, error) {
	rows, err := r.Session.Query(ctx, statement, arg)
	if err != nil {
		return nil, fmt.Errorf("locking rows: %w", err)
	}

	places, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.TID])
	if err != nil {
		return nil, fmt.Errorf("locking rows: %w", err)
	}

	return places, nil
}

// recordedAt does a job to locked rows.
func (r *Runner) recordedAt(ctx context.Context, job selection.Job, leaf liveschema.Name, places []pgtype.TID) (int64, error) {
	if len(places) == 0 {
		return 0, nil
	}

	if err := r.record(ctx, job, selection.At(leaf), places); err != nil {
		return 0, err
	}

	rows, err := r.Session.Exec(ctx, job.At(leaf), places)
	if err != nil {
		return 0, fmt.Errorf("%s in %s: %w", job.Action, leaf, err)
	}

	return rows, nil
}

// recordedBatch does a job to the rows at some places in a transaction of its own.
func (r *Runner) recordedBatch(ctx context.Context, job selection.Job, leaf liveschema.Name, places []pgtype.TID) (rows int64, err error) {
	err = r.Session.InTx(ctx, "begin", func(ctx context.Context) error {
		locked, err := r.lock(ctx, job.LockAt(leaf), places)
		if err != nil {
			return err
		}

		rows, err = r.recordedAt(ctx, job, leaf, locked)

		return err
	})

	return rows, err
}

// recordTogether keeps the names of all rows that go in one statement. Their tables let nobody write meanwhile.
func (r *Runner) recordTogether(ctx context.Context, job selection.Job) error {
	for _, each := range job.Together {
		if len(r.Found.Records(each, "")) == 0 {
			continue
		}

		for _, table := range r.Found.Holding(each) {
			if _, err := r.Session.Exec(ctx, "lock table "+table.SQL()+" in share row exclusive mode"); err != nil {
				return fmt.Errorf("locking %s: %w", table, err)
			}
		}
	}

	for _, each := range job.Together {
		if err := r.record(ctx, each, each.Seed()); err != nil {
			return err
		}
	}

	return nil
}
