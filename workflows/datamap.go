package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/failure"
	"steward/internal/promise"
)

// DatamapAuditName is the registered name of DatamapAudit.
const DatamapAuditName = "DatamapAudit"

// The times of a comparison, which runs each hour: one try may take as long as a very large catalogue needs, and
// what could not be compared for an hour leaves the field to a fresh run.
const (
	mapTry    = 5 * time.Minute
	mapBudget = time.Hour
)

// DatamapAudit compares the data map with the databases as they are now, so that a table or a column that
// nobody decided about is known long before somebody has to be erased. It takes no input, and changes nothing.
//
// What does not fit fails no run: the comparison did its work. It stands in the current details and in StewardStage.
func (p Promises) DatamapAudit(ctx workflow.Context) (activities.MapLook, error) {
	var (
		do   *activities.DataMaps
		look activities.MapLook
	)

	list := newChecklist(ctx, "Read the schemas, compare them with the data map and the policy")
	stage(ctx, PromiseKey.ValueSet(string(promise.Erasure)), StageKey.ValueSet("comparing"))
	list.start(ctx, 0)

	step := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              BackupQueue,
		Summary:                "Compare the data map with the databases",
		StartToCloseTimeout:    p.Patience.Of(mapTry),
		ScheduleToCloseTimeout: p.Patience.Of(mapBudget),
		RetryPolicy:            p.retries(),
	})

	if err := workflow.ExecuteActivity(step, do.CheckDataMap).Get(ctx, &look); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return look, list.failed(ctx, 0, err)
	}

	if look.Wrong == 0 {
		stage(ctx, StageKey.ValueSet("agrees"))
		list.done(ctx, 0, fmt.Sprintf("%d tables, all decided; %d notes", look.Tables, look.Notes))
		list.found(ctx, look)

		return look, nil
	}

	stage(ctx, StageKey.ValueSet("drift"))
	list.done(ctx, 0, misfits(look))

	list.found(ctx, look)

	return look, nil
}

// found lists what does not fit, and the copies that nobody declared: those stop no erasure.
func (l *checklist) found(ctx workflow.Context, look activities.MapLook) {
	for _, finding := range look.Findings {
		l.steps = append(l.steps, item{text: finding, mark: "wrong"})
	}

	for _, copied := range look.Undeclared {
		l.steps = append(l.steps, item{text: copied, mark: "undeclared", note: failure.Lookup(failure.CopyUndeclared).Hint})
	}

	l.show(ctx)
}

// misfits says what stops erasures, and what to do.
func misfits(look activities.MapLook) string {
	if look.Code != "" {
		row := failure.Lookup(look.Code)

		return fmt.Sprintf("nothing can be erased: %s (%#q). %s", row.Text, row.Code, row.Hint)
	}

	row := failure.Lookup(failure.DataMapDrift)

	return fmt.Sprintf("%d findings; %s (%#q). %s", look.Wrong, row.Text, row.Code, row.Hint)
}
