package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/page"
)

// erasures shows what will be erased, and when. This version of Steward erases
// nothing, so that the list is empty; "steward promises" calls the promise not built.
type erasures struct{}

func (e erasures) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-erasures-to-come", Method: http.MethodGet, Path: "/v1/erasures-to-come", Tags: []string{tagPromises},
		Summary:     "List the erasures to come",
		Description: "Erasures that are decided and not yet carried out, the next first. This version erases nothing: the list is empty.",
	}, e.list)
}

// erasureToCome is one erasure that is decided.
type erasureToCome struct {
	ID      string    `json:"id" maxLength:"80" doc:"The erasure."`
	Subject string    `json:"subject" maxLength:"80" doc:"The opaque id of whose data it is."`
	DueAt   time.Time `json:"due_at" doc:"When it is carried out, unless it is stopped."`
}

type erasuresAnswer struct {
	Body struct {
		page.Next

		Erasures []erasureToCome `json:"erasures" maxItems:"500" doc:"The next one first."`
	}
}

// list gives the empty list; any cursor is one that it never gave.
func (erasures) list(_ context.Context, in *page.Query) (*erasuresAnswer, error) {
	if _, _, err := page.Decode[string]("erasures", in.Cursor); err != nil {
		return nil, err
	}

	out := &erasuresAnswer{}
	out.Body.Erasures = []erasureToCome{}

	return out, nil
}
