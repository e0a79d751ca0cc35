package doctor

import (
	"context"
	"fmt"
	"time"

	"steward/internal/failure"
	"steward/internal/mail"
	"steward/internal/outbox"
	"steward/internal/postgres"
)

// mail looks at the mail server and at what waits for it.
func (d *Doctor) mail(ctx context.Context) []Check {
	return []Check{d.mailServer(ctx), d.ask(ctx, "outbox", d.outbox)}
}

// mailServer connects, begins TLS and logs in as the sender of mail does, and sends
// nothing.
func (d *Doctor) mailServer(ctx context.Context) Check {
	const name = "server"

	switch {
	case d.Policy.Mail == nil:
		return skipped(name, notLooked+"the policy has no section mail")
	case d.Config.SMTP == "":
		return skipped(name, notLooked+"STEWARD_SMTP_URL is not set here; the vendors worker has it")
	}

	server, err := mail.ParseServer(d.Config.SMTP)
	if err != nil {
		return failed(name, err)
	}

	server.Patience = d.Config.Patience()

	session, err := server.Dial(ctx)
	if err != nil {
		return failed(name, err)
	}

	protected, in := "TLS", "no login is set"
	if !session.Protected() {
		protected = "no TLS, on this machine"
	}

	if server.User != "" {
		in = "it lets us log in"
	}

	if err := session.Close(ctx); err != nil {
		return warned(name, "it let us in, and then did not say goodbye", failure.Lookup(failure.MailServerRefused).Hint)
	}

	return fine(name, fmt.Sprintf("it answers; %s, %s", protected, in))
}

const (
	listMail  = "Look at them: steward mail list"
	seeMail   = "See docs/runbooks.md#mail-overdue"
	seeFailed = listMail + "; docs/runbooks.md#mail-failed"
)

// outbox looks how long mails wait and which did not arrive.
func (d *Doctor) outbox(ctx context.Context, db *postgres.DB) Check {
	const name = "outbox"

	now := d.Clock.Now()

	seen, err := outbox.StandingAt(ctx, db, now, d.Policy.Mail.GiveUp())
	if err != nil {
		return answered(name, err)
	}

	var lost int64
	for _, count := range seen.Failed {
		lost += count
	}

	switch {
	case longer(now, seen.OverdueSince, outbox.Late):
		return wrong(name, failure.PromiseBroken, "no mail is being sent; one has been due for "+since(now, seen.OverdueSince), seeMail)
	case longer(now, seen.WaitingSince, outbox.Stuck):
		return warned(name, "no mail server takes a mail that has waited for "+since(now, seen.WaitingSince), listMail)
	case lost > 0:
		return warned(name, fmt.Sprintf("%d mails of the last day did not arrive", lost), seeFailed)
	default:
		return fine(name, "no mail waits too long, and none of the last day failed")
	}
}

// longer reports whether something that began is longer ago than a limit.
func longer(now, began time.Time, limit time.Duration) bool {
	return !began.IsZero() && now.Sub(began) > limit
}

// since is how long ago something began, in words.
func since(now, began time.Time) string { return now.Sub(began).Round(time.Second).String() }
