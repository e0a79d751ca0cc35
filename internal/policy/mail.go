package policy

import (
	"fmt"
	"net/mail"
	"slices"
	"time"

	"steward/internal/calendar"
)

// Mail says how the company writes to people. The mail server and its password are
// no part of the policy: they stand in STEWARD_SMTP_URL.
type Mail struct {
	// From is the address that mails come from; its domain is that of every Message-ID.
	From string
	// Name is shown beside it; empty means the company's.
	Name string
	// ReplyTo is where answers go; empty means From.
	ReplyTo string
	// GiveUpAfter is how long a mail is tried; zero means DefaultGiveUp. Exact.
	GiveUpAfter calendar.Duration
}

// DefaultGiveUp is how long a mail is tried where the policy does not say: a weekend
// without a mail server costs no mail.
const DefaultGiveUp = 3 * aDay

func mailShape() shape[Mail] {
	return shape[Mail]{
		leaf("from", "The address that mails come from.", addressKind(), func(m *Mail) *string { return &m.From }),
		optional(leaf("name", "What is shown beside it. Without it, the company's name.", textKind(), func(m *Mail) *string { return &m.Name })),
		optional(leaf("reply_to", "Where answers go. Without it, `from`.", addressKind(), func(m *Mail) *string { return &m.ReplyTo })),
		optional(exact("give_up_after", "How long a mail is tried; at least 1h. Without it, 3d.",
			func(m *Mail) *calendar.Duration { return &m.GiveUpAfter })),
	}
}

func addressKind() kind[string] {
	return patternKind("a bare address, such as privacy@example.com",
		`[A-Za-z0-9][A-Za-z0-9.+_-]{0,63}@[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?){1,8}`)
}

// Sender is whom mails come from. It must not be asked of a policy without mail.
func (p *Policy) Sender() mail.Address {
	name := p.Mail.Name
	if name == "" {
		name = p.Company.Name
	}
	return mail.Address{Name: name, Address: p.Mail.From}
}

// ReplyTo is where answers go, the zero value where they go to the sender.
func (p *Policy) ReplyTo() mail.Address { return mail.Address{Address: p.Mail.ReplyTo} }

// Messages reports whether the policy sends anything to mail servers or to webhooks, so
// that a worker of the role vendors is needed.
func (p *Policy) Messages() bool {
	return p.Mail != nil || slices.ContainsFunc(p.Alerts, func(a Alert) bool { return a.Kind == AlertWebhook })
}

// GiveUp is how long a mail is tried. It works on nil too: mails of a policy of before may
// wait where this one has no mail any more.
func (m *Mail) GiveUp() time.Duration {
	if m == nil {
		return DefaultGiveUp
	}
	return orElse(m.GiveUpAfter, DefaultGiveUp)
}

func orElse(stated calendar.Duration, otherwise time.Duration) time.Duration {
	if stated.IsZero() {
		return otherwise
	}
	return stated.Shortest()
}

// leastGiveUp is one retry after a server that greylists.
const leastGiveUp = time.Hour

// DeliveredAfter is how long a mail must lie accepted to count as delivered
// (outbox.DeliveredAfter, which a test compares).
const DeliveredAfter = 72 * time.Hour

// checkMail refuses mails that would end before it is known what became of them, and
// alerts by mail that nobody could send or would get.
func (r *reader) checkMail(p *Policy) {
	if p.Mail != nil {
		r.refuse(p.Mail.GiveUp() < leastGiveUp, []string{"mail.give_up_after"}, "write 1h or more",
			"a mail would be given up before a server that asks to come back later is asked again")
		where := []string{"mail"}
		if p.Records.Mail.IsZero() {
			where = append(where, "mail.give_up_after")
		} else {
			where = append(where, "records.mail")
		}
		r.refuse(p.KeepMail() < p.Mail.GiveUp()+DeliveredAfter, where,
			"let records.mail be three days longer than mail.give_up_after", "mails would end before it is known whether they were delivered")
	}
	seen := map[Alert]bool{}
	for i, alert := range p.Alerts {
		here := fmt.Sprintf("alerts[%d].kind", i)
		r.refuse(alert.Kind == AlertMail && alert.To == "", []string{here}, "add to: with the address that is told", "nobody is written to")
		r.refuse(alert.Kind == AlertMail && p.Mail == nil, []string{here}, "add a section mail with from:",
			"no mail can be sent without a sender")
		r.refuse(alert.Kind != AlertMail && (alert.To != "" || alert.Language != ""), []string{here},
			"remove to and language, or write kind: mail", "only mail has a recipient and a language")
		r.refuse(seen[alert], []string{here}, "leave it once", "the same alert stands twice")
		seen[alert] = true
	}
}
