package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/accesslog"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/page"
	"steward/internal/postgres"
)

// toCome shows the erasures that are decided and not yet carried out.
type toCome struct {
	db    *postgres.DB
	clock clocks.Clock
	keep  periods
}

func (t toCome) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-erasures-to-come", Method: http.MethodGet, Path: "/v1/erasures-to-come", Tags: []string{tagPromises},
		Summary: "List the erasures to come",
		Description: "Erasures that are decided and not yet carried out, the newest first. A look of a member of staff is noted in " +
			"the access log.",
	}, t.list)
}

// erasureToCome is one erasure that is decided.
type erasureToCome struct {
	ID      string    `json:"id" maxLength:"80" doc:"The erasure."`
	Subject string    `json:"subject" maxLength:"80" doc:"The opaque id of the account; empty for a person in no account."`
	DueAt   time.Time `json:"due_at" doc:"Since when it is being carried out, unless it is stopped."`
}

type toComeAnswer struct {
	Body struct {
		page.Next

		Erasures []erasureToCome `json:"erasures" maxItems:"500" doc:"The newest first."`
	}
}

func (t toCome) list(ctx context.Context, in *page.Query) (*toComeAnswer, error) {
	after, err := placeOf("erasures-to-come", in.Cursor, erasure.Prefix)
	if err != nil {
		return nil, err
	}

	found, err := erasure.List(ctx, t.db, erasure.Filter{Decided: true, After: after, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}

	out := &toComeAnswer{}

	found, out.Body.Next, err = page.Cut("erasures-to-come", found, in.Limit, erasure.Case.Place)
	if err != nil {
		return nil, err
	}

	if err := accesslog.LookAll(ctx, t.db, "list-erasures-to-come", subjectsOf(found), t.clock.Now(), t.keep.looks); err != nil {
		return nil, err
	}

	out.Body.Erasures = []erasureToCome{}
	for _, each := range found {
		out.Body.Erasures = append(out.Body.Erasures, erasureToCome{ID: each.ID, Subject: each.Account, DueAt: each.StagedAt})
	}

	return out, nil
}
