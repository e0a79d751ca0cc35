package harness

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"steward/activities"
	"steward/dev/internal/devkeys"
	"steward/internal/casekey"
	"steward/internal/ids"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
	"steward/workflows"
)

// Recipient is whom the mails of QueueMail are for.
const Recipient = "person.17@popkit.example"

// QueueMail decides on a mail, as a transaction of the product does, and gives its id.
func (w *World) QueueMail(ctx context.Context, cause, to string, what letter.Letter) (id string, err error) {
	err = w.decide(ctx, func(ctx context.Context, tx postgres.Tx, keeper casekey.Keeper) error {
		box := outbox.Box{Keeper: keeper, From: w.Rules.Sender(), GiveUp: w.Rules.Mail.GiveUp(), Keep: w.Rules.KeepMail()}
		id, err = box.Put(ctx, tx, outbox.Mail{Cause: cause, To: to, Language: letter.English, Letter: what}, w.Now())
		return err
	})
	return id, err
}

// AddEndpoint makes an endpoint of the app at a path, and gives its id.
func (w *World) AddEndpoint(ctx context.Context, path string) (id string, err error) {
	err = w.decide(ctx, func(ctx context.Context, tx postgres.Tx, keeper casekey.Keeper) error {
		var secret string
		id, secret, err = webhook.Create(ctx, tx, keeper, webhook.Wanted{URL: w.Hooks.URL(path), CreatedBy: "test"},
			publicnet.Rule{Loopback: true}, w.Now())
		if err == nil {
			w.Hooks.Knows(path, id, secret)
		}
		return err
	})
	return id, err
}

// Emit lets an event happen for every endpoint, and gives its id.
func (w *World) Emit(ctx context.Context, cause string) (id string, err error) {
	err = w.decide(ctx, func(ctx context.Context, tx postgres.Tx, _ casekey.Keeper) error {
		id, err = webhook.Emit(ctx, tx, webhook.Event{
			Cause: cause, At: w.Now(), Data: webhook.Promise{Promise: "backups", Item: "app", State: "broken", Since: w.Now().UTC()},
		}, w.Rules.KeepWebhooks())
		return err
	})
	return id, err
}

// decide runs work in a transaction of the steward database, with the master key.
func (w *World) decide(ctx context.Context, work func(context.Context, postgres.Tx, casekey.Keeper) error) error {
	master, err := casekey.ReadMaster(filepath.Join(w.Dir, "keys", devkeys.Core))
	if err != nil {
		return fmt.Errorf("reading the master key: %w", err)
	}
	steward, err := postgres.Open(ctx, w.StewardURL)
	if err != nil {
		return fmt.Errorf("opening the steward database: %w", err)
	}
	defer steward.Close()
	err = steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		return work(ctx, tx, casekey.Keeper{Master: master})
	})
	if err != nil {
		return fmt.Errorf("deciding on a message: %w", err)
	}
	return nil
}

// SendMail sends what is due and waits for the end.
func (w *World) SendMail(ctx context.Context) (result outbox.Result, err error) {
	err = w.ran(ctx, ids.Mail(), workflows.SendMailName, &result)
	return result, err
}

// Deliver delivers what is due and waits for the end.
func (w *World) Deliver(ctx context.Context) (result webhook.Result, err error) {
	err = w.ran(ctx, ids.Webhooks(), workflows.DeliverWebhooksName, &result)
	return result, err
}

// ExpireRecords ends own records and waits for the end. What was past its end when it
// began is gone then: from here on the checks look whether it is.
func (w *World) ExpireRecords(ctx context.Context) (result activities.Expired, err error) {
	began := w.Now()
	if err := w.ran(ctx, ids.OwnRecords(), workflows.ExpireOwnRecordsName, &result); err != nil {
		return result, err
	}
	w.expired = began
	return result, nil
}

// ran runs a workflow under a fresh id to its end.
func (w *World) ran(ctx context.Context, id, name string, result any) error {
	run, err := w.Start(ctx, id+"/"+newID("run"), name)
	if err == nil {
		err = run.Get(ctx, result)
	}
	if err != nil {
		return fmt.Errorf("running %s: %w", name, err)
	}
	return nil
}

// TestLetter is a letter that says nothing of anybody.
func (w *World) TestLetter() letter.Letter {
	return letter.Test{Company: w.Rules.Company.Name, At: w.Now().Truncate(time.Second)}
}
