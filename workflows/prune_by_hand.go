package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
)

// PruneByHandName is the registered name of PruneByHand.
const PruneByHandName = "PruneByHand"

// PruneByHandParams name what an operator asked for.
type PruneByHandParams struct {
	// Act is the opaque id of the row that says what it is.
	Act string
}

// endChange is the version from which on an act is ended also where the answer about
// its intent was lost: it may be in the ledger.
const endChange = "end-act-after-lost-intent"

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
	ends := workflow.GetVersion(ctx, endChange, workflow.DefaultVersion, 1) != workflow.DefaultVersion

	step := p.quick(ctx, left, CoreQueue, "Write the intent to the ledger")
	if err := workflow.ExecuteActivity(step, core.BeginAct, params.Act).Get(ctx, nil); err != nil {
		_ = list.failed(ctx, 0, err) //nolint:errcheck // given back below, after its outcome is written

		if ends && boundary.CodeOf(err) != failure.EvidenceMissing {
			return result, p.endAct(ctx, list, params.Act, err)
		}

		stage(ctx, StageKey.ValueSet("failed"))

		return result, err
	}

	list.done(ctx, 0, "")
	list.start(ctx, 1)

	step = p.bulk(ctx, left, BackupQueue, "Remove what was agreed to, prove it gone")
	pruning := workflow.ExecuteActivity(step, do.ExecutePrune, params.Act).Get(ctx, &result)

	if pruning != nil {
		_ = list.failed(ctx, 1, pruning) //nolint:errcheck // given back below, after its outcome is written
	} else {
		list.done(ctx, 1, pruned(result))
	}

	return result, p.endAct(ctx, list, params.Act, pruning)
}

// endAct writes the outcome, though the run be cancelled: an intent without an
// outcome would leave open what happened. It is the one that the database holds, not
// one that this run could tell.
func (p Promises) endAct(ctx workflow.Context, list *checklist, act string, failed error) error {
	var (
		core    *activities.Acts
		outcome string
	)

	const last = 2

	list.start(ctx, last)

	whatever, _ := workflow.NewDisconnectedContext(ctx)
	step := p.quick(whatever, p.Patience.Of(byHandBudget), CoreQueue, "Write the outcome to the ledger")

	err := workflow.ExecuteActivity(step, core.EndAct, activities.ActEnd{Act: act}).Get(whatever, &outcome)
	if err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return list.failed(ctx, last, err)
	}

	list.done(ctx, last, outcome)

	if failed != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return failed
	}

	stage(ctx, StageKey.ValueSet("pruned"))

	return nil
}
