package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/mailevent"
	"steward/internal/outbox"
	"steward/internal/postgres"
)

// mailEvents takes what a provider tells of mails.
type mailEvents struct {
	db    *postgres.DB
	clock clocks.Clock
}

func (m mailEvents) register(r *router) {
	register(r, huma.Operation{
		OperationID: "record-mail-event", Method: http.MethodPost, Path: "/v1/mail/events", Tags: []string{"mail"},
		Summary: "Record what became of a mail",
		Description: "Takes the webhooks of Postmark as Postmark documents them: Bounce, SpamComplaint and Delivery are read, by the metadata " +
			"`steward-mail` that each mail has; of other types, and of mails that are not Steward's, nothing is kept. An event that is told " +
			"twice is one. Addresses and texts in it are not read: other members may be there, and null is as good as nothing.",
		// With the option "include content" Postmark sends the mail that bounced: at most
		// half a megabyte of it, and JSON's escapes.
		MaxBodyBytes: postmarkBodyLimit,
		Metadata:     map[string]any{foreign: postmarkMembers()},
	}, m.record)
}

// postmarkBodyLimit is how large a webhook of Postmark may be, in bytes.
const postmarkBodyLimit = 1 << 20

// postmarkMembers are those of postmarkBody.
func postmarkMembers() []string {
	return []string{"RecordType", "ID", "Type", "MessageID", "Metadata", "BouncedAt", "DeliveredAt"}
}

// postmarkBody is what is read of a webhook of Postmark; everything else may be there.
type postmarkBody struct {
	_ struct{} `additionalProperties:"true"` //nolint:revive // huma reads it

	RecordType  string             `json:"RecordType" minLength:"1" maxLength:"60" doc:"Bounce, SpamComplaint, Delivery or another type."` //nolint:tagliatelle,lll // Postmark's names
	ID          int64              `json:"ID,omitempty" nullable:"true" minimum:"0" doc:"The bounce or complaint."`                        //nolint:tagliatelle,lll // Postmark's names
	Type        string             `json:"Type,omitempty" nullable:"true" maxLength:"1000" doc:"Why it bounced."`                          //nolint:tagliatelle,lll // Postmark's names
	MessageID   string             `json:"MessageID,omitempty" nullable:"true" maxLength:"200" doc:"Postmark's id of the message."`        //nolint:tagliatelle,lll // Postmark's names
	Metadata    map[string]*string `json:"Metadata,omitempty" nullable:"true" doc:"What was given to the mail."`                           //nolint:tagliatelle,lll // Postmark's names
	BouncedAt   time.Time          `json:"BouncedAt,omitzero" nullable:"true" doc:"When it bounced."`                                      //nolint:tagliatelle,lll // Postmark's names
	DeliveredAt time.Time          `json:"DeliveredAt,omitzero" nullable:"true" doc:"When it was delivered."`                              //nolint:tagliatelle,lll // Postmark's names
}

type mailEventInput struct {
	Body postmarkBody
}

type mailEventAnswer struct {
	Body struct {
		Recorded bool `json:"recorded" doc:"It was news about a mail of ours."`
	}
}

func (m mailEvents) record(ctx context.Context, in *mailEventInput) (*mailEventAnswer, error) {
	out, given := &mailEventAnswer{}, map[string]string{}

	for name, value := range in.Body.Metadata {
		if value != nil {
			given[name] = *value
		}
	}

	event, ours := mailevent.Postmark{
		RecordType: in.Body.RecordType, ID: in.Body.ID, Type: in.Body.Type, MessageID: in.Body.MessageID, Metadata: given,
		BouncedAt: in.Body.BouncedAt, DeliveredAt: in.Body.DeliveredAt,
	}.Event()
	if !ours {
		return out, nil
	}

	err := m.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		out.Body.Recorded, err = outbox.Record(ctx, tx, event, m.clock.Now())

		return err
	})

	return out, failure.Wrap(failure.Unavailable, "recording what became of a mail", err)
}
