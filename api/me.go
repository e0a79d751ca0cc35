package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/clocks"
	"steward/internal/postgres"
	"steward/internal/staff"
)

// me is the member of staff who calls.
type me struct {
	db    *postgres.DB
	clock clocks.Clock
	// changed is called once a token was given an end.
	changed func()
}

func (m me) register(r *router) {
	register(r, huma.Operation{
		OperationID: "get-me", Method: http.MethodGet, Path: "/v1/me", Tags: []string{credentialsTag},
		Summary: "Say whose token it is", Description: "Says who calls, in which role, and until when the token holds.",
		Errors: []int{http.StatusNotFound},
	}, m.get)
	registerCreate(r, huma.Operation{
		OperationID: "rotate-my-token", Method: http.MethodPost, Path: "/v1/me/tokens", Tags: []string{credentialsTag},
		DefaultStatus: http.StatusCreated, Summary: "Make another token for yourself",
		Description: "So that nobody knows it who made the first one. Tokens from before still hold for the overlap; the one that asks " +
			"for five minutes at least, so that it can ask again with the same Idempotency-Key " +
			"where the answer was lost. The answer holds the token, this once.",
		Errors: []int{http.StatusNotFound},
	}, m.rotate, m.changed)
}

type meAnswer struct {
	Body struct {
		ID        string    `json:"id" maxLength:"80" doc:"Opaque; acts and the ledger name it."`
		Handle    string    `json:"handle" maxLength:"80" doc:"What operators call the access."`
		Role      role      `json:"role" doc:"What they are there for."`
		Token     string    `json:"token" maxLength:"80" doc:"The public id of the token that was shown."`
		ExpiresAt time.Time `json:"expires_at" doc:"When that token expires."`
	}
}

func (m me) get(ctx context.Context, _ *struct{}) (*meAnswer, error) {
	who := caller(ctx)

	found, err := staff.Get(ctx, m.db, who.ID)
	if err != nil {
		return nil, err
	}

	out := &meAnswer{}
	out.Body.ID, out.Body.Handle, out.Body.Role, out.Body.Token = found.ID, found.Handle, role(found.Role), who.Credential
	out.Body.ExpiresAt, err = staff.TokenEnds(ctx, m.db, who.Credential)

	return out, err
}

type rotateMeInput struct {
	Body rotation
}

func (m me) rotate(ctx context.Context, tx postgres.Tx, in *rotateMeInput) (*memberTokenAnswer, error) {
	now, who := m.clock.Now(), caller(ctx)
	made, token, err := staff.Renew(ctx, tx, who, who.ID, span(in.Body.OverlapHours, time.Hour), now)

	return madeToken(made, token, now), err
}
