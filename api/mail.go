package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/accesslog"
	"steward/internal/clocks"
	"steward/internal/outbox"
	"steward/internal/page"
	"steward/internal/postgres"
)

// mailbox shows what became of the mails, not what they say.
type mailbox struct {
	db    *postgres.DB
	clock clocks.Clock
	keep  periods
}

func (m mailbox) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-mail", Method: http.MethodGet, Path: "/v1/mail", Tags: []string{"mail"},
		Summary: "List the mails of the outbox",
		Description: "The newest first, until their end date. Who was written to and what was said is sealed and is not shown; " +
			"`delivered` means accepted by a mail server and not bounced for 72 hours.",
	}, m.list)
}

// mailView is one mail.
type mailView struct {
	ID        string `json:"id" maxLength:"80" doc:"The mail."`
	MessageID string `json:"message_id" maxLength:"400" doc:"The Message-ID of every copy, without brackets."`
	Letter    string `json:"letter" maxLength:"80" doc:"Which letter it is."`
	Language  string `json:"language" enum:"en,fr" doc:"The language in which it is written."`
	About     string `json:"about,omitempty" maxLength:"100" doc:"The opaque id of what it is about."`
	//nolint:lll // one tag
	State      string     `json:"state" enum:"waiting,accepted,delivered,refused,given_up,uncertain,bounced,complained" doc:"What became of it."`
	Tries      int        `json:"tries" minimum:"0" doc:"How often it was tried."`
	Code       string     `json:"code,omitempty" maxLength:"60" doc:"Why the last try failed."`
	Reply      int        `json:"reply,omitempty" doc:"What the mail server answered to it, such as 550."`
	QueuedAt   time.Time  `json:"queued_at" doc:"When it was decided on."`
	AcceptedAt *time.Time `json:"accepted_at,omitempty" doc:"When a mail server took it."`
	SettledAt  *time.Time `json:"settled_at,omitempty" doc:"When nothing more was to be done for it, unless it was accepted."`
	EndsAt     time.Time  `json:"ends_at" doc:"When its row goes."`
}

type mailAnswer struct {
	Body struct {
		page.Next

		Mail []mailView `json:"mail" maxItems:"500" doc:"The newest first."`
	}
}

// mailList names this list in its cursors.
const mailList = "mail"

func (m mailbox) list(ctx context.Context, in *page.Query) (*mailAnswer, error) {
	after, err := placeOf(mailList, in.Cursor, "mail")
	if err != nil {
		return nil, err
	}

	rows, err := outbox.List(ctx, m.db, after, in.Limit+1, m.clock.Now())
	if err != nil {
		return nil, err
	}

	rows, next, err := page.Cut(mailList, rows, in.Limit, outbox.Row.Place)
	if err != nil {
		return nil, err
	}

	// Before they are shown: a look that could not be noted is none.
	if err := accesslog.LookAll(ctx, m.db, "list-mail", concerned(rows), m.clock.Now(), m.keep.looks); err != nil {
		return nil, err
	}

	out := &mailAnswer{}
	out.Body.Next, out.Body.Mail = next, []mailView{}

	for _, each := range rows {
		out.Body.Mail = append(out.Body.Mail, mailView{
			ID: each.ID, MessageID: each.MessageID, Letter: each.Letter, Language: each.Language, About: each.About, State: string(each.State),
			Tries: each.Tries, Code: string(each.Code), Reply: each.Reply, QueuedAt: each.QueuedAt.UTC(),
			AcceptedAt: known(each.AcceptedAt), SettledAt: known(each.SettledAt), EndsAt: each.EndsAt.UTC(),
		})
	}

	return out, nil
}

// concerned are the ids of whom or what a list of mails shows something: what each is
// about, where that is an opaque id, else the mail itself, which was written to somebody.
func concerned(rows []outbox.Row) []string {
	subjects := make([]string, 0, len(rows))

	for _, each := range rows {
		subject := each.ID
		if accesslog.IsID(each.About) {
			subject = each.About
		}

		subjects = append(subjects, subject)
	}

	return subjects
}
