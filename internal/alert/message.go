package alert

import (
	"context"
	"errors"
	"fmt"

	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/webhook"
)

// cause is the identity of one telling of an alert in one way: told again after a
// crash it is the same one, told again a day later it is another. Which telling it is
// follows from what is recorded, not from the clock, which goes on in a crash.
func (a Alert) cause(way string) string {
	before := int64(0)
	if !a.ToldBefore.IsZero() {
		before = a.ToldBefore.Unix()
	}

	return fmt.Sprintf("alert/%s/%s/%s/%d/%d", way, a.item(), a.Code, a.Since.Unix(), before)
}

// item is the promise with what of it the alert is about, such as "backups/app".
func (a Alert) item() string {
	if a.Item == "" {
		return string(a.Promise)
	}

	return string(a.Promise) + "/" + a.Item
}

// Mail writes a mail for each alert.
type Mail struct {
	means    Means
	place    int // in the policy's list of alerts; an address would be personal
	to       string
	language letter.Language
}

// Tell implements Teller: the mail is in the outbox once it returns.
func (m Mail) Tell(ctx context.Context, alert Alert) error {
	now := m.means.Clock.Now()

	err := m.means.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		_, err := m.means.Box.Put(ctx, tx, outbox.Mail{
			Cause: alert.cause(fmt.Sprintf("mail-%d", m.place)), To: m.to, Language: m.language, About: alert.item(),
			Letter: letter.PromiseAlert{
				Company: m.means.Company, Promise: alert.item(), State: string(alert.State), Since: alert.Since, Runbook: alert.Runbook,
			},
		}, now)

		return err
	})

	return failure.Wrap(failure.Unavailable, "telling an alert by mail", err)
}

// Webhook sends an event for each alert to the endpoints that want it.
type Webhook struct{ means Means }

// Tell implements Teller: the event is queued once it returns.
// It fails with ErrNobody where no enabled endpoint wants it.
func (w Webhook) Tell(ctx context.Context, alert Alert) error {
	now := w.means.Clock.Now()

	state := "broken"
	if alert.State == promise.AtRisk {
		state = "at_risk"
	}

	err := w.means.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		_, err := webhook.Emit(ctx, tx, webhook.Event{
			Cause: alert.cause("webhook"), At: now,
			Data: webhook.Promise{Promise: string(alert.Promise), Item: alert.Item, State: state, Since: alert.Since.UTC()},
		}, w.means.KeepWebhooks)

		return err
	})

	if errors.Is(err, webhook.ErrNobody) {
		return ErrNobody
	}

	return failure.Wrap(failure.Unavailable, "telling an alert by webhook", err)
}
