package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/operator"
)

// PruneByHandName is the registered name of PruneByHand.
const PruneByHandName = "PruneByHand"

// PruneByHandParams name what an operator asked for.
type PruneByHandParams struct {
	// Act is the opaque id of the row that says what it is.
	Act string
}

// byHandBudget is how long a prune by hand is tried: somebody waits for it, and
// the hourly prune finishes what it leaves.
const byHandBudget = 10 * time.Minute

// PruneByHand prunes as an operator asked: the intent is in the ledger before, the
// outcome after. Its input names the act and nothing more; what goes is decided by
// the activity, from database, bucket and its own clock.
func (p Promises) PruneByHand(ctx workflow.Context, params PruneByHandParams) (activities.PruneResult, error) {
	var (
		core   *activities.Acts
		do     *activities.Prunes
		result activities.PruneResult
	)

	list := newChecklist(ctx, "Write the intent to the ledger", "Remove what was agreed to, prove it gone", "Write the outcome to the ledger")
	stage(ctx, PromiseKey.ValueSet("backups"), StageKey.ValueSet("pruning"))
	list.start(ctx, 0)

	left := p.Patience.Of(byHandBudget)

	step := p.quick(ctx, left, CoreQueue, "Write the intent to the ledger")
	if err := workflow.ExecuteActivity(step, core.BeginAct, params.Act).Get(ctx, nil); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	list.done(ctx, 0, "")
	list.start(ctx, 1)

	step = p.bulk(ctx, left, BackupQueue, "Remove what was agreed to, prove it gone")
	pruning := workflow.ExecuteActivity(step, do.ExecutePrune, params.Act).Get(ctx, &result)
	outcome := operator.Done

	if pruning != nil {
		outcome = string(boundary.CodeOf(pruning))
		_ = list.failed(ctx, 1, pruning) //nolint:errcheck // given back below, after its outcome is written
	} else {
		list.done(ctx, 1, pruned(result))
	}

	return result, p.endAct(ctx, list, activities.ActEnd{Act: params.Act, Outcome: outcome}, pruning)
}

// endAct writes the outcome, though the run be cancelled: an intent without an
// outcome would leave open what happened.
func (p Promises) endAct(ctx workflow.Context, list *checklist, end activities.ActEnd, pruning error) error {
	var core *activities.Acts

	const last = 2

	list.start(ctx, last)

	whatever, _ := workflow.NewDisconnectedContext(ctx)
	step := p.quick(whatever, p.Patience.Of(byHandBudget), CoreQueue, "Write the outcome to the ledger")

	if err := workflow.ExecuteActivity(step, core.EndAct, end).Get(whatever, nil); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return list.failed(ctx, last, err)
	}

	list.done(ctx, last, end.Outcome)

	if pruning != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return pruning
	}

	stage(ctx, StageKey.ValueSet("pruned"))

	return nil
}
