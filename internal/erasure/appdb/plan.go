package appdb

import (
	"context"
	"fmt"

	"steward/internal/datamap"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/store"
)

// Plan implements store.Store. It fails with MapUnfit where the map does not decide all that is there, and
// with StoreRefuses where the login may not do what it must, or not ask what the brake wants to know.
func (s *Store) Plan(ctx context.Context, subject store.Subject) ([]plan.Step, error) {
	found, err := s.find(ctx, subject)
	if err != nil {
		return nil, err
	}

	held := s.brake()
	defer held.Close(ctx)

	if err := held.Check(ctx); err != nil {
		return nil, err
	}

	var steps []plan.Step

	err = s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) (err error) {
		if steps, err = s.count(ctx, on, found); err != nil {
			return err
		}

		absent, err := s.absent(ctx, on, found, subject)
		steps = append(steps, absent...)

		return err
	})

	return steps, err
}

// absent says that the account's own row is not there. Rows of it may be: an app that deletes accounts by itself leaves
// some, and a mistyped key names nobody. Which of the two it is decides who approves the plan.
func (s *Store) absent(
	ctx context.Context, on *session.Session, found selection.Selection, subject store.Subject,
) ([]plan.Step, error) {
	root := s.decided.Account.Table

	for _, table := range found.Route.All() {
		if subject.Kind != plan.Account || table.Name != root {
			continue
		}

		var rows int64
		if err := on.QueryRow(ctx, found.Count(table)).Scan(&rows); err != nil {
			return nil, fmt.Errorf("looking for the account: %w", err)
		}

		if rows == 0 {
			return []plan.Step{{Store: s.Name(), Place: root.String(), Action: plan.Absent}}, nil
		}
	}

	return nil, nil
}

// seen runs work over a session that sees one instant, with all keys of the subject in its tables.
func (s *Store) seen(
	ctx context.Context, found selection.Selection, subject store.Subject, work func(context.Context, *session.Session) error,
) error {
	on, err := session.Open(ctx, s.db)
	if err != nil {
		return err
	}
	defer on.Close(ctx)

	if err := allowed(ctx, on, found, !s.options.NoOwner); err != nil {
		return err
	}

	err = on.InTx(ctx, session.Snapshot, func(ctx context.Context) error {
		if err := freeze.Prepare(ctx, on, found, subject); err != nil {
			return err
		}

		if _, err := freeze.Grow(ctx, on, found, 1); err != nil {
			return err
		}

		if err := owned(ctx, on, found); err != nil {
			return err
		}

		return work(ctx, on)
	})

	return failure.Wrap(failure.Unavailable, "looking for the subject in "+s.Name(), err)
}

// count says what would be done to how many rows.
func (s *Store) count(ctx context.Context, on *session.Session, found selection.Selection) (steps []plan.Step, err error) {
	jobs := selection.Each(found.Jobs())

	counts, err := execute.Count(ctx, on, jobs)
	if err != nil {
		return nil, err
	}

	for i, job := range jobs {
		steps = append(steps, plan.Step{
			Store: s.Name(), Place: job.Table.Name.String(), Action: job.Action, Columns: job.Columns, Rows: counts[i],
		})
	}

	for _, table := range found.Route.Kept {
		pseudonyms, err := s.pseudonyms(ctx, on, found, table)
		if err != nil {
			return nil, err
		}

		steps = append(steps, pseudonyms...)

		retained, err := s.retained(ctx, on, found, table)
		if err != nil {
			return nil, err
		}

		steps = append(steps, retained...)
	}

	return steps, nil
}

// pseudonyms are the columns of one table that get a keyed hash.
func (s *Store) pseudonyms(ctx context.Context, on *session.Session, found selection.Selection, table route.Table) ([]plan.Step, error) {
	step := plan.Step{Store: s.Name(), Place: table.Name.String(), Action: plan.Overwrite}

	for _, overwrite := range table.Overwrites {
		if overwrite.Strategy == datamap.KeyedHash {
			step.Columns = append(step.Columns, overwrite.Column)
		}
	}

	if len(step.Columns) == 0 {
		return nil, nil
	}

	if err := on.QueryRow(ctx, found.Count(table)).Scan(&step.Rows); err != nil {
		return nil, fmt.Errorf("counting rows for pseudonyms: %w", err)
	}

	return []plan.Step{step}, nil
}

// retained are the columns of one table that keep their values, one step for each basis.
func (s *Store) retained(
	ctx context.Context, on *session.Session, found selection.Selection, table route.Table,
) (steps []plan.Step, err error) {
	if len(table.Retains) == 0 {
		return nil, nil
	}

	var rows int64
	if err := on.QueryRow(ctx, found.Count(table)).Scan(&rows); err != nil {
		return nil, fmt.Errorf("counting retained rows: %w", err)
	}

	at := map[[2]string]int{}

	for _, retain := range table.Retains {
		key := [2]string{retain.Basis, retain.Until}
		if _, known := at[key]; !known {
			at[key] = len(steps)
			steps = append(steps, plan.Step{
				Store: s.Name(), Place: table.Name.String(), Action: plan.RetainRows, Rows: rows, Basis: retain.Basis, Until: retain.Until,
			})
		}

		step := &steps[at[key]]
		step.Columns = append(step.Columns, retain.Column)
	}

	return steps, nil
}
