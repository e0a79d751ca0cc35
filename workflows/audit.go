package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/failure"
	"steward/internal/promise"
)

// PromiseAuditName is the registered name of PromiseAudit.
const PromiseAuditName = "PromiseAudit"

// The times of an audit, which runs every five minutes: one try may take as long
// as the time until the next, and an audit that could not be made for an hour
// leaves the field to a fresh one.
const (
	auditTry    = 5 * time.Minute
	auditBudget = time.Hour
)

// PromiseAudit keeps watch over all other promises, and keeps one itself: that
// the record of evidence is complete. It reads evidence, never runs; says which
// promise is kept, at risk or broken; and alarms. It takes no input: what is
// judged, and when, the activity decides from the policy and its own clock.
//
// A broken promise does not fail the run: the audit did its work. What it found
// stands in the current details and in StewardStage.
func (p Promises) PromiseAudit(ctx workflow.Context) (activities.AuditResult, error) {
	var (
		do     *activities.Audits
		result activities.AuditResult
	)

	list := newChecklist(ctx, "Read the evidence, judge every promise, tell who must know")
	stage(ctx, PromiseKey.ValueSet(string(promise.Ledger)), StageKey.ValueSet("auditing"))
	list.start(ctx, 0)

	step := p.audit(ctx, "Read the evidence of every promise and judge it")
	if err := workflow.ExecuteActivity(step, do.AuditPromises).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet(result.Stage))
	list.judged(result)
	list.done(ctx, 0, told(result))

	return result, nil
}

// audit is for the one step of an audit.
func (p Promises) audit(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              CoreQueue,
		Summary:                summary,
		StartToCloseTimeout:    p.Patience.Of(auditTry),
		ScheduleToCloseTimeout: p.Patience.Of(auditBudget),
		RetryPolicy:            p.retries(),
	})
}

// judged adds one line for each promise, marked with its state.
func (l *checklist) judged(result activities.AuditResult) {
	for _, each := range result.Promises {
		l.steps = append(l.steps, item{text: each.Name, mark: each.State, note: each.Reason})
	}

	if result.NotBuilt > 0 {
		l.steps = append(l.steps, item{
			text: fmt.Sprintf("%d more promises of the policy", result.NotBuilt),
			mark: string(promise.NotBuilt), note: "this version does not keep them",
		})
	}
}

// told says what an audit did beside judging.
func told(result activities.AuditResult) string {
	text := fmt.Sprintf("as of %s, %d alerts, %d changes in the ledger",
		result.At.UTC().Format("2006-01-02 15:04 UTC"), result.Alerts, result.Changes)

	if result.AlertsUnheard > 0 {
		text += fmt.Sprintf("; %d alerts reached nobody (docs/webhooks.md)", result.AlertsUnheard)
	}

	if result.Verification != "" {
		row := failure.Lookup(result.Verification)
		text += fmt.Sprintf("; the ledger could not be verified: %s (%#q). %s", row.Text, row.Code, row.Hint)
	}

	if result.HeartbeatFailures > 0 {
		text += fmt.Sprintf("; %d heartbeats were not accepted", result.HeartbeatFailures)
	}

	return text
}
