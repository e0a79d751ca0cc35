package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/webhook"
)

// DeliverWebhooksName is the registered name of DeliverWebhooks.
const DeliverWebhooksName = "DeliverWebhooks"

// webhooksBudget is how long one run tries while the database does not answer. What is
// due waits in the database however many runs fail.
const webhooksBudget = 10 * time.Minute

// DeliverWebhooks tells the app's endpoints what happened. It runs each minute and
// takes no input: what is due is decided by the activity. Neither addresses nor bodies
// are in its history.
func (p Promises) DeliverWebhooks(ctx workflow.Context) (webhook.Result, error) {
	var (
		do     *activities.Webhooks
		result webhook.Result
	)

	list := newChecklist(ctx, "Deliver the events that are due")
	stage(ctx, StageKey.ValueSet("delivering"))
	list.start(ctx, 0)

	step := p.bulk(ctx, p.Patience.Of(webhooksBudget), VendorsQueue, "Deliver the events that are due to the app's endpoints")
	if err := workflow.ExecuteActivity(step, do.DeliverWebhooks).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("delivered"))
	list.done(ctx, 0, delivered(result))

	return result, nil
}

// delivered says what a pass did.
func delivered(result webhook.Result) string {
	parts := []string{fmt.Sprintf("%d delivered to %d endpoints", result.Delivered, result.Endpoints)}

	if result.Deferred > 0 {
		parts = append(parts, fmt.Sprintf("%d tried again later", result.Deferred))
	}

	if result.GivenUp > 0 {
		parts = append(parts, fmt.Sprintf("%d given up", result.GivenUp))
	}

	return strings.Join(parts, ", ")
}
