package erasure

import (
	"context"
	"slices"

	"steward/internal/failure"
	"steward/internal/store"
)

// gone are the stores that the plan or an outcome of a case names, and that the data map and the policy do not have
// any more: nobody can look there.
func (e Eraser) gone(ctx context.Context, of Case) ([]string, error) {
	planned, err := PlanOf(ctx, e.Steward, of)
	if err != nil {
		return nil, err
	}

	came, err := StoresOf(ctx, e.Steward, of.ID)
	if err != nil {
		return nil, err
	}

	var names []string

	for _, step := range planned.Plan.Steps {
		names = append(names, step.Store)
	}

	for _, row := range came {
		names = append(names, row.Store)
	}

	slices.Sort(names)

	return slices.DeleteFunc(slices.Compact(names), func(name string) bool {
		return slices.ContainsFunc(e.Stores, func(each store.Store) bool { return each.Name() == name })
	}), nil
}

// noteGone says of each store that was planned and is gone before it could erase that it failed. Put back, it erases
// when the erasure is tried again.
func (e Eraser) noteGone(ctx context.Context, of Case) error {
	names, err := e.gone(ctx, of)
	if err != nil {
		return err
	}

	came, err := StoresOf(ctx, e.Steward, of.ID)
	if err != nil {
		return err
	}

	for _, name := range names {
		if slices.ContainsFunc(came, func(row StoreRow) bool { return row.Store == name }) {
			continue
		}

		outcome := store.Outcome{Kind: store.Failed, Code: string(failure.StoreGone)}
		if err := putOutcome(ctx, e.Steward, of.ID, name, outcome, e.Clock.Now()); err != nil {
			return err
		}
	}

	return nil
}

// noteUnasked says of a store that is gone that nobody can say by when it is done: what it answered once was not seen
// again. Put back, it is verified like the others.
func (e Eraser) noteUnasked(ctx context.Context, of Case, name string) error {
	_, err := e.Steward.Exec(ctx, `update erasure_stores set gone_by = null, gone_code = $3
		where erasure = $1 and store = $2 and outcome <> 'failed'`, of.ID, name, string(failure.StoreGone))

	return failWith("noting that a store is gone", err)
}
