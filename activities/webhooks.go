package activities

import (
	"context"

	"steward/internal/patience"
	"steward/internal/webhook"
)

// Webhooks does what DeliverWebhooks needs. It belongs to the vendors role, which alone
// calls endpoints.
type Webhooks struct {
	// Deliverer delivers what is due.
	Deliverer webhook.Deliverer
	// Patience scales the timeouts.
	Patience patience.Scale
}

// DeliverWebhooks delivers what is due. It takes no input: the rows and this process's
// clock decide. It may be called again after any end: a delivery that was under way is
// made once more, with the same webhook-id.
func (w *Webhooks) DeliverWebhooks(ctx context.Context) (result webhook.Result, err error) {
	err = withPulse(ctx, w.Patience, func(ctx context.Context, _ func(string, int64)) (err error) {
		result, err = w.Deliverer.DeliverDue(ctx)

		return err
	})

	return result, err
}
