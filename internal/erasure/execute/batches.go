package execute

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"steward/internal/erasure/selection"
	"steward/internal/failure"
	"steward/internal/liveschema"
)

// inBatches does the jobs one after the other, each in transactions of some rows. A crash leaves the batches that
// were committed; the rest is found again.
func (r *Runner) inBatches(ctx context.Context, jobs []selection.Job) error {
	size := pace{rows: r.Limits.Batch, most: r.Limits.MostBatch}

	for _, job := range jobs {
		if err := r.brake(ctx); err != nil {
			return err
		}

		if job.Together != nil {
			// What a row names that came meanwhile, the next pass takes.
			if err := r.circle(ctx, job); err != nil && !named(err) {
				return err
			}

			continue
		}

		for _, leaf := range job.Leaves() {
			if err := r.leaf(ctx, job, leaf, &size); err != nil {
				return err
			}
		}
	}

	return nil
}

// leaf does a job in one table. Rows that cannot be done since somebody named them meanwhile are left to the next pass.
func (r *Runner) leaf(ctx context.Context, job selection.Job, leaf liveschema.Name, size *pace) error {
	for {
		places, err := r.gather(ctx, job, leaf)
		if err != nil || len(places) == 0 {
			return err
		}

		rows, err := r.places(ctx, leaf, job, places, size)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", job.Action, leaf, err)
		}

		if rows == 0 || int64(len(places)) < r.Limits.Gather {
			return nil // what is left, somebody has changed: the next pass finds it where it is now
		}
	}
}

// gather finds where rows are, in the order in which they lie.
func (r *Runner) gather(ctx context.Context, job selection.Job, leaf liveschema.Name) ([]pgtype.TID, error) {
	if err := r.within(ctx, free); err != nil {
		return nil, err
	}

	rows, err := r.Session.Query(ctx, job.Find(leaf), r.Limits.Gather)
	if err != nil {
		return nil, fmt.Errorf("finding rows in %s: %w", leaf, err)
	}

	places, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.TID])
	if err != nil {
		return nil, fmt.Errorf("finding rows in %s: %w", leaf, err)
	}

	slices.SortFunc(places, func(a, b pgtype.TID) int {
		return cmp.Or(cmp.Compare(a.BlockNumber, b.BlockNumber), cmp.Compare(a.OffsetNumber, b.OffsetNumber))
	})

	return places, nil
}

// places does a statement to rows, batch by batch.
func (r *Runner) places(
	ctx context.Context, leaf liveschema.Name, job selection.Job, places []pgtype.TID, size *pace,
) (all int64, err error) {
	most := r.most()
	if err := r.limit(ctx, most); err != nil {
		return 0, err
	}

	for refused := 0; len(places) > 0; {
		if err := r.brake(ctx); err != nil {
			return all, err
		}

		count := min(size.rows, len(places))
		began := time.Now() //nolint:forbidigo // a batch is measured on the wall, as those who wait behind it do
		rows, err := r.batch(ctx, leaf, job, places[:count])

		switch {
		case err == nil:
			size.took(time.Since(began)) //nolint:forbidigo // as above

			all, places, refused = all+rows, places[count:], 0

			var done Done

			done.add(job.Action, rows)
			r.count(done)
		case named(err):
			return all, nil // by a row that came meanwhile, which the next pass takes first
		case !crowded(err):
			return all, err
		case count == 1 && tooLong(err) && most < longer*r.most():
			most *= 2 // such as a key without an index, for which a whole table is read: no smaller batch is quicker

			if err := r.limit(ctx, most); err != nil {
				return all, err
			}
		case refused == mostRefused:
			return all, failure.Wrap(failure.LockNotGranted, "waiting for rows of a subject", err)
		default:
			refused++
			size.shrink()

			if err := rest(ctx, refused); err != nil {
				return all, err
			}
		}
	}

	return all, nil
}

// batch does a job to the rows at some places, in one transaction.
func (r *Runner) batch(ctx context.Context, leaf liveschema.Name, job selection.Job, places []pgtype.TID) (int64, error) {
	if r.records(job) {
		return r.recordedBatch(ctx, job, leaf, places)
	}

	return r.Session.Exec(ctx, job.At(leaf), places)
}

func (r *Runner) brake(ctx context.Context) error {
	if r.Brake == nil {
		return ctx.Err()
	}

	return r.Brake(ctx)
}

const (
	// mostRefused is how often in a row a batch may be refused: with the rests between them, some minutes.
	mostRefused = 20
	// restFor is how long the work rests after the first refusal, more after each.
	restFor = 100 * time.Millisecond
)

// longer is how many times the time of a batch one row may take: eleven minutes, where a batch has ten seconds.
const longer = 64

// circle does a job whose rows go in one statement, which cannot be made smaller, and is given more time instead.
func (r *Runner) circle(ctx context.Context, job selection.Job) error {
	most := r.most()

	for refused := 0; ; {
		err := r.atOnce(ctx, []selection.Job{job}, most)

		switch {
		case err == nil || !crowded(err):
			return err
		case tooLong(err) && most < longer*r.most():
			most *= 2
		case refused == mostRefused:
			return failure.Wrap(failure.LockNotGranted, "waiting for rows of a subject", err)
		default:
			refused++

			if err := rest(ctx, refused); err != nil {
				return err
			}
		}
	}
}

// retried runs work again and again while others are in its way.
func retried(ctx context.Context, work func() error) error {
	for refused := 0; ; refused++ {
		err := work()
		if err == nil || !crowded(err) || refused == mostRefused {
			return err
		}

		if err := rest(ctx, refused); err != nil {
			return err
		}
	}
}

// rest waits for whoever is in the way.
func rest(ctx context.Context, refused int) error {
	timer := time.NewTimer(time.Duration(refused) * restFor)
	defer timer.Stop()

	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crowded says that others were in the way, or the statement was too long: a smaller one, or a later one, may do.
func crowded(err error) bool {
	const lockNotAvailable, deadlock, serialization = "55P03", "40P01", "40001"

	return tooLong(err) || hasCode(err, lockNotAvailable, deadlock, serialization)
}

// tooLong says that a statement took longer than it may.
func tooLong(err error) bool {
	const queryCanceled = "57014"

	return hasCode(err, queryCanceled)
}

// named says that a row is named by one that is still there.
func named(err error) bool {
	const foreignKeyViolation = "23503"

	return hasCode(err, foreignKeyViolation)
}

func hasCode(err error, codes ...string) bool {
	answer, ok := errors.AsType[*pgconn.PgError](err)

	return ok && slices.Contains(codes, answer.Code)
}
