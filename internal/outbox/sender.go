package outbox

import (
	"context"
	"errors"
	"net/mail"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	protocol "steward/internal/mail"
	"steward/internal/postgres"
)

// passLimit is how many mails one pass sends at most: some minutes of work, so that a
// pass ends and the next one begins with fresh time.
const passLimit = 500

// noteTimeout is how long noting an outcome may take after the pass was cancelled.
const noteTimeout = 10 * time.Second

// Sender sends what is due. Several may work at once: each mail is taken by one.
type Sender struct {
	// Steward is the steward database, as the role steward_vendors.
	Steward *postgres.DB
	// Keeper opens what was sealed.
	Keeper casekey.Keeper
	// Server takes the mails.
	Server protocol.Server
	// From is the sender, ReplyTo who is answered to, may be the zero value.
	From, ReplyTo mail.Address
	// Clock tells the time.
	Clock clocks.Clock
	// Progress, if not nil, is told how many mails this pass has tried.
	Progress func(tried int64)
}

// Result counts what one pass did.
type Result struct {
	// Accepted are with a mail server now.
	Accepted int
	// Deferred are tried again later.
	Deferred int
	// Refused will never be taken.
	Refused int
	// Uncertain were handed over without an answer, and are not sent again.
	Uncertain int
	// GivenUp were not taken before their time was over.
	GivenUp int
	// Waiting are left for later passes.
	Waiting int
}

// SendDue sends the mails that are due, one after the other, and may be called again
// after any end. It fails where the server cannot be reached, does not let us in or does
// not work with us, such as one that refuses the sender, and then has tried none, or no
// more, of them.
func (s Sender) SendDue(ctx context.Context) (Result, error) {
	givenUp, uncertain, err := settle(ctx, s.Steward, s.Clock.Now())
	if err != nil {
		return Result{}, err
	}

	result := Result{GivenUp: int(givenUp), Uncertain: int(uncertain)}
	if err := s.pass(ctx, &result); err != nil {
		return result, err
	}

	err = s.Steward.QueryRow(ctx, `select count(*) from mail where state = 'waiting'`).Scan(&result.Waiting)

	return result, failure.Wrap(failure.Unavailable, "counting the mails that wait", err)
}

// pass sends until nothing is due. A connection is opened only when there is something
// to send, before anything is claimed, and a new one after each mail that failed.
func (s Sender) pass(ctx context.Context, result *Result) (err error) {
	var session *protocol.Session

	defer func() {
		if session != nil {
			// What was sent is sent; a goodbye that nobody answers changes nothing.
			_ = session.Close(ctx) //nolint:errcheck // as above
		}
	}()

	for tried := range passLimit {
		if found, err := due(ctx, s.Steward, s.Clock.Now()); err != nil || !found {
			return err
		}

		if session == nil {
			if session, err = s.Server.Dial(ctx); err != nil {
				return failure.Wrap(failure.Unavailable, "sending mails", err)
			}
		}

		taken, found, err := take(ctx, s.Steward, s.Clock.Now())
		if err != nil || !found {
			return err
		}

		sent, err := s.one(ctx, session, taken, result)
		if err != nil {
			return err
		}

		if !sent {
			_ = session.Close(ctx) //nolint:errcheck // as above
			session = nil
		}

		if s.Progress != nil {
			s.Progress(int64(tried) + 1)
		}
	}

	return nil
}

// one sends one mail and notes how that went, also when the pass is being cancelled:
// what is not noted is sent again.
func (s Sender) one(ctx context.Context, session *protocol.Session, taken claim, result *Result) (sent bool, err error) {
	cause := s.send(ctx, session, taken)

	// The gate stays in this context, the cancellation does not.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()

	if cause == nil {
		result.Accepted++

		return true, taken.accepted(ctx, s.Steward, s.Clock.Now())
	}

	switch code := failure.CodeOf(cause); {
	case code == failure.MailServerRefused:
		return false, errors.Join(cause, taken.release(ctx, s.Steward, cause, s.Clock.Now()))
	case ends(code):
		result.Refused++
	default:
		result.Deferred++
	}

	return false, taken.failed(ctx, s.Steward, cause, s.Clock.Now())
}

func (s Sender) send(ctx context.Context, session *protocol.Session, taken claim) error {
	to, content, err := taken.open(ctx, s.Steward, s.Keeper)
	if err != nil {
		return err
	}

	return session.Send(ctx, protocol.Message{
		ID: taken.id, MessageID: taken.messageID, From: s.From, ReplyTo: s.ReplyTo, To: to,
		Subject: content.Subject, Text: content.Text, HTML: content.HTML, Date: taken.queuedAt,
	}, func(ctx context.Context) error { return taken.hand(ctx, s.Steward) })
}
