package activities

import (
	"context"

	"steward/internal/outbox"
	"steward/internal/patience"
)

// Mails does what SendMail needs. It belongs to the vendors role, which alone reaches
// the mail server.
type Mails struct {
	// Sender sends what is due.
	Sender outbox.Sender
	// Patience scales the timeouts.
	Patience patience.Scale
}

// SendDueMail sends the mails that are due. It takes no input: the outbox and this
// process's clock decide. It may be called again after any end: of a mail that was
// under way there is one copy more at most, with the same Message-ID.
func (m *Mails) SendDueMail(ctx context.Context) (result outbox.Result, err error) {
	err = withPulse(ctx, m.Patience, func(ctx context.Context, report func(string, int64)) (err error) {
		sender := m.Sender
		sender.Progress = func(tried int64) { report("mails", tried) }
		result, err = sender.SendDue(ctx)

		return err
	})

	return result, err
}
