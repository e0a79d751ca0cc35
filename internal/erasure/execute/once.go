package execute

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/erasure/selection"
)

// statement is how long one may take, unless Limits say another time.
const statement = 10 * time.Second

// gentle are the limits of each statement: whoever waits behind us waits no longer than that. The lock is the
// wait for one row or table; the statement, that of a batch, which locks rows until it ends.
func gentle(most time.Duration) string {
	return fmt.Sprintf("set lock_timeout = '2s'; set statement_timeout = %d", most.Milliseconds())
}

// limit sets the limits of each statement.
func (r *Runner) limit(ctx context.Context, most time.Duration) error {
	return r.within(ctx, gentle(most))
}

// most is how long a statement about several rows may take.
func (r *Runner) most() time.Duration { return cmp.Or(r.Limits.Statement, statement) }

// free takes the limits off for reading, which keeps nobody waiting.
const free = "set lock_timeout = '2s'; set statement_timeout = 0"

// atOnce does all jobs in one transaction, of which each statement may take so long. A crash leaves all as it was, or
// all done.
func (r *Runner) atOnce(ctx context.Context, jobs []selection.Job, most time.Duration) error {
	if err := r.limit(ctx, most); err != nil {
		return err
	}

	var done Done

	err := r.Session.InTx(ctx, "begin", func(ctx context.Context) error {
		done = Done{}

		for _, job := range jobs {
			if err := r.whole(ctx, job, &done); err != nil {
				return err
			}
		}

		return nil
	})
	if err != nil {
		return err
	}

	r.count(done)

	return nil
}

func (r *Runner) whole(ctx context.Context, job selection.Job, done *Done) error {
	if job.Together != nil {
		// The answer to one statement over several tables counts the rows of one of them.
		counts, err := Count(ctx, r.Session, []selection.Job{job})
		if err != nil {
			return err
		}

		for _, count := range counts[:len(counts)-1] {
			done.add(plan.DeleteRows, count)
		}
	}

	if r.records(job) {
		if job.Together == nil {
			rows, err := r.recordedWhole(ctx, job)
			done.add(job.Action, rows)

			return err
		}

		if err := r.recordTogether(ctx, job); err != nil {
			return err
		}
	}

	for _, statement := range job.Whole() {
		rows, err := r.Session.Exec(ctx, statement)
		if err != nil {
			return fmt.Errorf("%s in %s: %w", job.Action, job.Table.Name, err)
		}

		done.add(job.Action, rows)
	}

	return nil
}

func (r *Runner) count(more Done) {
	r.done.Deleted += more.Deleted
	r.done.Overwritten += more.Overwritten
	r.done.Unlinked += more.Unlinked

	if r.Beat != nil {
		r.Beat(r.done.All())
	}
}
