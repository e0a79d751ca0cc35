package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/apikey"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/page"
	"steward/internal/postgres"
)

// apiKeys are the keys of the app.
type apiKeys struct {
	db    *postgres.DB
	clock clocks.Clock
	// changed is called once a key was made, has ended, or was given an end.
	changed func()
}

func (k apiKeys) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-keys", Method: http.MethodGet, Path: "/v1/keys", Tags: []string{credentialsTag},
		Summary: "List the keys of the app", Description: "Lists every key, those that hold no more too, without their secrets.",
	}, k.list)
	registerCreate(r, huma.Operation{
		OperationID: "create-key", Method: http.MethodPost, Path: "/v1/keys", Tags: []string{credentialsTag},
		DefaultStatus: http.StatusCreated, Summary: "Make a key for an app",
		Description: "Makes a key for a new app. The answer holds the key itself, this once.",
	}, k.create, k.changed)
	registerCreate(r, huma.Operation{
		OperationID: "rotate-key", Method: http.MethodPost, Path: "/v1/keys/{id}/rotate", Tags: []string{credentialsTag},
		DefaultStatus: http.StatusCreated, Summary: "Make another key for the same app",
		Description: "Makes a key with the same label and scopes; the old one still holds for the overlap. " +
			"The answer holds the new key itself, this once.",
		Errors: []int{http.StatusNotFound},
	}, k.rotate, k.changed)
	register(r, huma.Operation{
		OperationID: "revoke-key", Method: http.MethodDelete, Path: "/v1/keys/{id}", Tags: []string{credentialsTag},
		Summary: "End a key at once", Description: "Every process refuses the key from now on. Revoking it again changes nothing.",
		Errors: []int{http.StatusNotFound},
	}, k.revoke)
}

// APIKey is one key without its secret.
type APIKey struct {
	ID        string     `json:"id" maxLength:"80" doc:"The public id; it stands in the key too."`
	App       string     `json:"app" maxLength:"80" doc:"The opaque id of whose key it is; a rotated key has the same."`
	Label     string     `json:"label" maxLength:"80" doc:"What operators call it."`
	Scopes    []scope    `json:"scopes" maxItems:"32" doc:"What it may do."`
	State     string     `json:"state" enum:"holds,expired,revoked" doc:"Whether it holds at this instant."`
	MadeAt    time.Time  `json:"made_at" doc:"When it was made."`
	ExpiresAt time.Time  `json:"expires_at" doc:"When it expires."`
	RevokedAt *time.Time `json:"revoked_at,omitempty" doc:"When it was revoked."`
}

// apiKeyMade is a key with its secret.
type apiKeyMade struct {
	APIKey

	Token string `json:"token" maxLength:"200" doc:"The key itself, shown this once."`
}

func apiKeyOf(key apikey.Key, now time.Time) APIKey {
	state := "expired"

	switch {
	case !key.RevokedAt.IsZero():
		state = "revoked"
	case key.Holds(now):
		state = "holds"
	}

	return APIKey{
		ID: key.ID, App: key.App, Label: key.Label, Scopes: scopesOf(key.Scopes), State: state,
		MadeAt: key.MadeAt, ExpiresAt: key.ExpiresAt, RevokedAt: known(key.RevokedAt),
	}
}

// scopesOf are never null.
func scopesOf(of []access.Scope) []scope {
	all := make([]scope, len(of))
	for i, each := range of {
		all[i] = scope(each)
	}

	return all
}

type apiKeysAnswer struct {
	Body struct {
		page.Next

		Keys []APIKey `json:"keys" maxItems:"500" doc:"In no order that says anything."`
	}
}

func (k apiKeys) list(ctx context.Context, in *page.Query) (*apiKeysAnswer, error) {
	out := &apiKeysAnswer{}
	out.Body.Keys = []APIKey{}

	found, next, err := byID(ctx, k.db, "keys", in, apikey.List, func(key apikey.Key) string { return key.ID })
	out.Body.Next = next

	for _, key := range found {
		out.Body.Keys = append(out.Body.Keys, apiKeyOf(key, k.clock.Now()))
	}

	return out, err
}

type createKeyInput struct {
	Body struct {
		Label  string  `json:"label" minLength:"2" maxLength:"32" pattern:"^[a-z][a-z0-9-]{1,31}$" doc:"What operators call it."`
		Scopes []scope `json:"scopes" minItems:"1" maxItems:"32" doc:"What it may do."`
		Days   *int    `json:"days,omitempty" minimum:"1" maximum:"730" doc:"For how many days it holds; a year without it."`
	}
}

type apiKeyMadeAnswer struct {
	Body apiKeyMade
}

func (k apiKeys) create(ctx context.Context, tx postgres.Tx, in *createKeyInput) (*apiKeyMadeAnswer, error) {
	asked := apikey.New{Label: in.Body.Label, Lasts: span(in.Body.Days, dayLong)}
	for _, each := range in.Body.Scopes {
		asked.Scopes = append(asked.Scopes, access.Scope(each))
	}

	now := k.clock.Now()
	key, token, err := apikey.Make(ctx, tx, caller(ctx), asked, now)

	return madeKey(key, token, now), err
}

type rotateKeyInput struct {
	ID   string `path:"id" maxLength:"30" pattern:"^key_[a-z2-7]{26}$" doc:"The key."`
	Body rotation
}

// rotation is the body of what makes another credential beside the old one.
type rotation struct {
	OverlapHours *int `json:"overlap_hours,omitempty" minimum:"0" maximum:"168" doc:"How long the old one holds; a day without it."`
}

func (k apiKeys) rotate(ctx context.Context, tx postgres.Tx, in *rotateKeyInput) (*apiKeyMadeAnswer, error) {
	now := k.clock.Now()
	key, token, err := apikey.Replace(ctx, tx, caller(ctx), in.ID, span(in.Body.OverlapHours, time.Hour), now)

	return madeKey(key, token, now), err
}

func madeKey(key apikey.Key, token credential.Token, now time.Time) *apiKeyMadeAnswer {
	return &apiKeyMadeAnswer{Body: apiKeyMade{APIKey: apiKeyOf(key, now), Token: token.Reveal()}}
}

// dayLong is the day of credentials: 24 hours.
const dayLong = 24 * time.Hour

// span is a number of units; nil where nothing was said.
func span(number *int, unit time.Duration) *time.Duration {
	if number == nil {
		return nil
	}

	long := time.Duration(*number) * unit

	return &long
}

type keyInput struct {
	ID string `path:"id" maxLength:"30" pattern:"^key_[a-z2-7]{26}$" doc:"The key."`
}

type apiKeyAnswer struct {
	Body APIKey
}

func (k apiKeys) revoke(ctx context.Context, in *keyInput) (*apiKeyAnswer, error) {
	var out *apiKeyAnswer

	err := k.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		now := k.clock.Now()
		key, err := apikey.End(ctx, tx, caller(ctx), in.ID, now)
		out = &apiKeyAnswer{Body: apiKeyOf(key, now)}

		return err
	})

	k.changed() // whatever became of the commit

	return out, unavailable("revoking a key", err)
}
