package workflows

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
)

// ExpireOwnRecordsName is the registered name of ExpireOwnRecords.
const ExpireOwnRecordsName = "ExpireOwnRecords"

// recordsBudget is how long one run tries: the next one is due an hour later and looks
// at everything again.
const recordsBudget = time.Hour

// keysBudget is what of it is kept for the keys, however long the records take: thousands
// are wrapped in seconds.
const keysBudget = 10 * time.Minute

// ExpireOwnRecords ends Steward's own dated records (mails, deliveries, tasks, who
// looked at what) once their end dates have come, and wraps the keys of cases with a
// new master key where there is one. It runs each hour and takes no input. Records that
// stay past their end fail the step, which is tried again until the next run is almost
// due; keys are wrapped anew all the same, and the run has failed.
func (p Promises) ExpireOwnRecords(ctx workflow.Context) (activities.Expired, error) {
	var (
		do      *activities.OwnRecords
		expired activities.Expired
		keys    int
	)

	list := newChecklist(ctx, "Remove what is past its end", "Wrap keys anew where the master key has changed")
	stage(ctx, StageKey.ValueSet("expiring"))
	list.start(ctx, 0)

	end := p.deadlineIn(workflow.Now(ctx), recordsBudget)
	removing := p.deadlineIn(workflow.Now(ctx), recordsBudget-keysBudget)

	step := p.bulk(ctx, removing.left(ctx), CoreQueue, "Remove own records past their end")

	err := workflow.ExecuteActivity(step, do.ExpireRecords).Get(ctx, &expired)
	if err != nil {
		err = list.failed(ctx, 0, err)
	} else {
		list.done(ctx, 0, removed(expired))
	}

	list.start(ctx, 1)

	step = p.bulk(ctx, end.left(ctx), CoreQueue, "Wrap keys of cases with the current master key")
	if failed := workflow.ExecuteActivity(step, do.RewrapKeys).Get(ctx, &keys); failed != nil {
		failed = list.failed(ctx, 1, failed)
		err = cmp.Or(err, failed) // Temporal reads the type of one; the list has both
	} else {
		list.done(ctx, 1, fmt.Sprintf("%d wrapped anew", keys))
	}

	if err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return expired, err
	}

	stage(ctx, StageKey.ValueSet("expired"))

	return expired, nil
}

// removed says what went, table by table.
func removed(expired activities.Expired) string {
	parts := make([]string, 0, max(len(expired.Removed), 1))
	for _, each := range expired.Removed {
		parts = append(parts, fmt.Sprintf("%d of %s", each.Rows, each.Table))
	}

	if len(parts) == 0 {
		parts = append(parts, "nothing was due")
	}

	return strings.Join(parts, ", ")
}
