// Package execute erases: it does the jobs of a route to the rows of one subject, in one
// transaction where they are few, else in batches that grow and shrink with their latency, and looks
// again until nothing is left to do. It decides nothing.
package execute

import (
	"context"
	"fmt"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
)

// Limits are what an erasure may ask of the app's database. The zero value is Default.
type Limits struct {
	// Small is how many rows are erased in one transaction.
	Small int64
	// Gather is how many places of rows are held in memory at once, 12 bytes each.
	Gather int64
	// Batch is the first batch's number of rows, MostBatch that of the largest one.
	Batch, MostBatch int
	// Statement is how long a statement about several rows may take, ten seconds where it is zero. One about a
	// single row that takes longer is given twice the time, and again, up to sixty-four times.
	Statement time.Duration
	// Record is how long rows stay locked at most while ten thousand names that they hold are kept elsewhere, five seconds where
	// it is zero.
	Record time.Duration
}

// Default are the limits of a database that people work with meanwhile: a first batch that takes some milliseconds, a
// largest one that takes some hundred where rows are small, and six megabytes of places.
func Default() Limits {
	const small, gather, batch, mostBatch = 5_000, 500_000, 1_000, 20_000

	return Limits{Small: small, Gather: gather, Batch: batch, MostBatch: mostBatch}
}

// mostPasses bounds how often an erasure looks again because somebody added rows of the
// subject meanwhile, who is closed by then.
const mostPasses = 20

// Runner erases one subject over one session, whose tables are full.
type Runner struct {
	Session *session.Session
	Found   selection.Selection
	Limits  Limits
	// Known is how many rows there were just before, 0 for nobody knows: many are not counted again before the first of them goes.
	Known int64
	// Grow looks for keys of rows that came since, and keeps them before anything is done to those.
	Grow func(ctx context.Context) error
	// Record keeps names of objects before the rows that know them go; nil where nobody asks for them.
	Record Recorder
	// Beat is told how many rows are done so far.
	Beat func(done int64)
	// Brake comes back when the database has time; nil for one that always has.
	Brake func(ctx context.Context) error
	// Pseudonyms gives keyed hashes to rows that stay; nil where no column has one.
	Pseudonyms func(ctx context.Context) error

	done   Done
	limits string // those that the session has
}

// Done counts what was done to rows.
type Done struct{ Deleted, Overwritten, Unlinked int64 }

// All is how many rows were touched, one that was both overwritten and unlinked twice.
func (d *Done) All() int64 { return d.Deleted + d.Overwritten + d.Unlinked }

func (d *Done) add(action plan.Action, rows int64) {
	switch action {
	case plan.DeleteRows:
		d.Deleted += rows
	case plan.Overwrite:
		d.Overwritten += rows
	default:
		d.Unlinked += rows
	}
}

// Run does the jobs until nothing is left to do. It may be run again after any error: what is done is done.
// Where it gives no error, all of it outlives a crash of the server. It fails with StillWritten if rows of the subject keep coming.
func (r *Runner) Run(ctx context.Context) (Done, error) {
	if r.Limits == (Limits{}) {
		r.Limits = Default()
	}

	if _, err := r.Session.Exec(ctx, lazily); err != nil {
		return r.done, fmt.Errorf("setting limits: %w", err)
	}

	jobs := r.Found.Jobs()

	for range mostPasses {
		left, err := r.look(ctx, jobs)
		if err != nil {
			return r.done, err
		}

		if left == 0 {
			return r.done, settle(ctx, r.Session)
		}

		if err := r.pass(ctx, jobs, left); err != nil {
			return r.done, err
		}
	}

	return r.done, failure.New(failure.StillWritten, "erasing rows of a subject that keeps being written")
}

// look finds what came meanwhile, gives pseudonyms, and counts what is left. The limits of the pass before are
// taken off for it, and it is tried again while others are in the way.
func (r *Runner) look(ctx context.Context, jobs []selection.Job) (left int64, err error) {
	err = retried(ctx, func() error {
		if err := r.within(ctx, free); err != nil {
			return err
		}

		if err := r.Grow(ctx); err != nil {
			return err
		}

		if r.Pseudonyms != nil {
			if err := r.Pseudonyms(ctx); err != nil {
				return err
			}
		}

		left, err = r.left(ctx, jobs)

		return err
	})

	return left, err
}

// left counts the rows that are still to be done, one that several jobs find several times.
// A job that counts none is done all the same: what another one does may give it rows, which must not go by a cascade instead.
func (r *Runner) left(ctx context.Context, jobs []selection.Job) (left int64, err error) {
	// Between many and few it decides in which way they go, and either way does all.
	if known := r.Known; known > r.Limits.Small {
		r.Known = 0

		return known, nil
	}

	counts, err := Count(ctx, r.Session, jobs)
	for _, count := range counts {
		left += count
	}

	return left, err
}

// within sets the limits of the statements that follow.
func (r *Runner) within(ctx context.Context, limits string) error {
	if r.limits == limits {
		return nil
	}

	if _, err := r.Session.Exec(ctx, limits); err != nil {
		return fmt.Errorf("setting limits: %w", err)
	}

	r.limits = limits

	return nil
}

// Count counts the rows of each job, those that go together one after the other.
func Count(ctx context.Context, s *session.Session, jobs []selection.Job) ([]int64, error) {
	var counts []int64

	if len(jobs) == 0 {
		return nil, nil
	}

	if err := s.QueryRow(ctx, selection.CountAll(selection.Each(jobs))).Scan(&counts); err != nil {
		return nil, fmt.Errorf("counting rows to erase: %w", err)
	}

	return counts, nil
}

// pass does each job once.
func (r *Runner) pass(ctx context.Context, jobs []selection.Job, left int64) error {
	if err := r.brake(ctx); err != nil {
		return err
	}

	if left <= r.Limits.Small {
		// What is in the way of one transaction may let batches through.
		if err := r.atOnce(ctx, jobs, r.most()); err == nil || !crowded(err) && !named(err) {
			return err
		}
	}

	return r.inBatches(ctx, jobs)
}
