package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/postgres"
	"steward/internal/task"
	"steward/internal/webhook"
)

// Reminder is a way to tell people that also reminds of single tasks. The log is none:
// the audit writes one line for each kind of task.
type Reminder interface {
	// Remind tells that a task is overdue, once a day however often it is called. It
	// fails with ErrNobody where nobody listens on this way.
	Remind(ctx context.Context, late task.Task, asOf time.Time) error
}

// reminder is the identity of telling that a task is late: one for each day that it is.
func reminder(late task.Task, asOf time.Time) string {
	return fmt.Sprintf("task/%s/%d", late.ID, asOf.Sub(late.DueAt)/Every)
}

// Remind implements Reminder: the mail is in the outbox once it returns.
func (m Mail) Remind(ctx context.Context, late task.Task, asOf time.Time) error {
	err := m.means.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		_, err := m.means.Box.Put(ctx, tx, outbox.Mail{
			Cause: fmt.Sprintf("%s/mail-%d", reminder(late, asOf), m.place), To: m.to, Language: m.language, About: late.ID,
			Letter: letter.TaskOverdue{
				Company: m.means.Company, Task: late.ID, Kind: string(late.Kind), Role: string(late.Role), Due: late.DueAt,
			},
		}, asOf)

		return err
	})

	return failure.Wrap(failure.Unavailable, "reminding of a task by mail", err)
}

// Remind implements Reminder: the event is queued once it returns.
func (w Webhook) Remind(ctx context.Context, late task.Task, asOf time.Time) error {
	err := w.means.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		_, err := webhook.Emit(ctx, tx, webhook.Event{
			Cause: reminder(late, asOf), At: asOf,
			Data: webhook.Task{Task: late.ID, Kind: string(late.Kind), Due: late.DueAt.UTC()},
		}, w.means.KeepWebhooks)

		return err
	})

	if errors.Is(err, webhook.ErrNobody) {
		return ErrNobody
	}

	return failure.Wrap(failure.Unavailable, "reminding of a task by webhook", err)
}
