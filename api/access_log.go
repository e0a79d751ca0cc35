package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/accesslog"
	"steward/internal/page"
	"steward/internal/postgres"
)

// looks are who of staff looked at whose data.
type looks struct{ db *postgres.DB }

func (l looks) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-access-log", Method: http.MethodGet, Path: "/v1/access-log", Tags: []string{"acts"},
		Summary: "List who looked at whose data",
		Description: "Lists the looks of staff at data of accounts and people, the newest first. What apps read is not in it. " +
			"What lists of tasks and mails showed is one look for each operation, role, subject and hour (UTC), with the time and the " +
			"token of the first.",
	}, l.list)
}

// look is one look.
type look struct {
	At         time.Time `json:"at" doc:"When."`
	Staff      string    `json:"staff" maxLength:"80" doc:"The opaque id of who looked."`
	Credential string    `json:"credential" maxLength:"80" doc:"The public id of the token that they showed."`
	Role       role      `json:"role" doc:"The one that they had."`
	Operation  string    `json:"operation" maxLength:"80" doc:"The operation of this API through which they looked."`
	Subject    string    `json:"subject" maxLength:"80" doc:"The opaque id of whose data it was."`
}

type looksQuery struct {
	page.Query

	Subject string `query:"subject" maxLength:"64" pattern:"^[A-Za-z0-9_-]*$" doc:"Only looks at the data of this account or person."`
}

type looksAnswer struct {
	Body struct {
		page.Next

		Looks []look `json:"looks" maxItems:"500" doc:"The newest first."`
	}
}

func (l looks) list(ctx context.Context, in *looksQuery) (*looksAnswer, error) {
	before, _, err := page.Decode[int64]("access-log", in.Cursor)
	if err != nil {
		return nil, err
	}

	found, err := accesslog.List(ctx, l.db, in.Subject, before, in.Limit+1)
	if err != nil {
		return nil, err
	}

	out := &looksAnswer{}
	out.Body.Looks = []look{}

	found, out.Body.Next, err = page.Cut("access-log", found, in.Limit, func(entry accesslog.Entry) int64 { return entry.ID })
	for _, entry := range found {
		out.Body.Looks = append(out.Body.Looks, look{
			At: entry.At, Staff: entry.Staff, Credential: entry.Credential, Role: role(entry.Role),
			Operation: string(entry.Operation), Subject: entry.Subject,
		})
	}

	return out, err
}
