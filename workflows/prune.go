package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/copies"
)

// PruneBackupsName is the registered name of PruneBackups.
const PruneBackupsName = "PruneBackups"

// PruneBackups keeps "and stored for seven days": what is older goes, and its
// absence is proven; what is younger stays. It takes no input: what goes is
// decided by the activity from the catalogue and its own clock.
func (p Promises) PruneBackups(ctx workflow.Context) (activities.PruneResult, error) {
	var (
		do     *activities.Prunes
		result activities.PruneResult
	)

	list := newChecklist(ctx, "Remove what is past its time, prove it gone")
	stage(ctx, PromiseKey.ValueSet("backups"), StageKey.ValueSet("pruning"))
	list.start(ctx, 0)

	step := p.bulk(ctx, p.Patience.Of(budget), BackupQueue, "Remove backups past their time, prove them gone")
	if err := workflow.ExecuteActivity(step, do.PruneBackups).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("pruned"))
	list.done(ctx, 0, pruned(result))

	return result, nil
}

// pruned says what a prune did and found, the plain counts first and then only
// what is not as it should be.
func pruned(result activities.PruneResult) string {
	parts := []string{fmt.Sprintf("%d removed, %d kept, %d of them as an exception", result.Removed, result.Kept, result.Exceptions)}

	if c := result.Copies; c != (copies.Pruned{}) {
		parts = append(parts, fmt.Sprintf("of copies %d removed, %d kept, %d of them as an exception", c.Removed, c.Kept, c.Exceptions))
	}

	for _, part := range []struct {
		count int
		says  string
	}{
		{result.Orphans, "leftovers removed"},
		{result.Due, "backups would go if the promise were enforced"},
		{result.WouldGo, "objects would go with them"},
		{result.Waiting, "objects wait for the bucket to let them go"},
		{result.Late, "objects are still there past their time"},
		{result.Missing, "objects are missing from the bucket"},
		{result.Foreign, "objects in the bucket are not Steward's"},
		{result.Copies.Orphans, "leftovers of copies removed"},
		{result.Copies.Due, "copies would go if the promise were enforced"},
		{result.Copies.Waiting, "objects of copies wait for their bucket to let them go"},
		{result.Copies.Late, "objects of copies are still there past their time"},
		{result.Copies.Missing, "objects of copies are missing from their bucket"},
		{result.Copies.Vanished, "copies are gone with their bucket, which was deleted"},
		{result.Copies.Foreign, "objects in the buckets of copies are not Steward's"},
	} {
		if part.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.count, part.says))
		}
	}

	return strings.Join(parts, ", ")
}
