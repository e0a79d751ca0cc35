package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// The search attributes by which operators find runs in the Temporal Web UI.
// They are registered by "steward setup".
var (
	// PromiseKey names the promise that a run keeps.
	PromiseKey = temporal.NewSearchAttributeKeyKeyword("StewardPromise")
	// StageKey says where the run stands, in one word.
	StageKey = temporal.NewSearchAttributeKeyKeyword("StewardStage")
	// SubjectKey says whom or what the run is about, by opaque id.
	SubjectKey = temporal.NewSearchAttributeKeyKeyword("StewardSubject")
	// DueAtKey is when the run's outcome is due.
	DueAtKey = temporal.NewSearchAttributeKeyTime("StewardDueAt")
	// OverdueKey says that the outcome is late.
	OverdueKey = temporal.NewSearchAttributeKeyBool("StewardOverdue")
)

// scheduledKey is what a schedule gives its runs: the time they were due at.
var scheduledKey = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")

// overdueIn lets a run say that it is overdue from the given time on, even while
// a step of it is stuck, until stop is called. A timer that is cancelled, with
// its run or by stop, is no expiry and says nothing.
func overdueIn(ctx workflow.Context, in time.Duration) (stop func()) {
	ctx, stop = workflow.WithCancel(ctx)

	workflow.Go(ctx, func(ctx workflow.Context) {
		timer := workflow.NewTimerWithOptions(ctx, in, workflow.TimerOptions{Summary: "From then on this run is overdue"})
		if err := timer.Get(ctx, nil); err == nil {
			stage(ctx, OverdueKey.ValueSet(true))
		}
	})

	return stop
}

// stage shows where a run stands. A failed upsert would be a bug of the server's
// set-up, not of the promise; it must not stop a backup.
func stage(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) {
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		workflow.GetLogger(ctx).Warn("search attributes were not set", "code", "search_attributes")
	}
}
