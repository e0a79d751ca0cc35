package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/act"
	"steward/internal/page"
	"steward/internal/postgres"
)

// acts are what staff did.
type acts struct{ db *postgres.DB }

func (a acts) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-acts", Method: http.MethodGet, Path: "/v1/acts", Tags: []string{"acts"},
		Summary:     "List the acts of staff",
		Description: "Lists what staff did, the newest first. An act is never changed or removed; the ledger holds it too.",
	}, a.list)
}

// staffAct is one act.
type staffAct struct {
	ID          string     `json:"id" maxLength:"80" doc:"Opaque; the ledger names it."`
	At          time.Time  `json:"at" doc:"When they acted."`
	Staff       string     `json:"staff" maxLength:"80" doc:"The opaque id of who acted."`
	Credential  string     `json:"credential" maxLength:"80" doc:"The public id of the token that they showed."`
	Role        role       `json:"role" doc:"The one that they had."`
	Verb        string     `json:"verb" maxLength:"80" doc:"What they did, such as key.revoke."`
	Object      string     `json:"object" maxLength:"200" doc:"The opaque id of what they did it to."`
	InputSHA256 string     `json:"input_sha256,omitempty" maxLength:"64" doc:"The hash of what was shown and agreed to."`
	Outcome     string     `json:"outcome,omitempty" maxLength:"80" doc:"done or a failure code; absent until it has ended."`
	EndedAt     *time.Time `json:"ended_at,omitempty" doc:"When it ended."`
}

type actsAnswer struct {
	Body struct {
		page.Next

		Acts []staffAct `json:"acts" maxItems:"500" doc:"The newest first."`
	}
}

func (a acts) list(ctx context.Context, in *page.Query) (*actsAnswer, error) {
	after, err := placeOf("acts", in.Cursor, "act")
	if err != nil {
		return nil, err
	}

	found, err := act.List(ctx, a.db, after, in.Limit+1)
	if err != nil {
		return nil, err
	}

	out := &actsAnswer{}
	out.Body.Acts = []staffAct{}

	found, out.Body.Next, err = page.Cut("acts", found, in.Limit, act.Act.Place)
	for _, each := range found {
		out.Body.Acts = append(out.Body.Acts, staffAct{
			ID: each.ID, At: each.At, Staff: each.Staff, Credential: each.Credential, Role: role(each.Role), Verb: each.Verb,
			Object: each.Object, InputSHA256: each.InputSHA256, Outcome: each.Outcome, EndedAt: known(each.EndedAt),
		})
	}

	return out, err
}
