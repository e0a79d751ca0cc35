package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/act"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// webhooks are the endpoints of the app, and what was sent to them.
type webhooks struct {
	db     *postgres.DB
	clock  clocks.Clock
	keeper casekey.Keeper
	rule   publicnet.Rule
}

func (w webhooks) register(r *router) {
	const tag = "webhooks"

	register(r, huma.Operation{
		OperationID: "list-webhook-endpoints", Method: http.MethodGet, Path: "/v1/webhooks/endpoints", Tags: []string{tag},
		Summary:     "List the webhook endpoints",
		Description: "Their addresses are sealed and are not shown. There are 32 at most, so the list has no pages.",
	}, w.endpoints)
	registerCreate(r, huma.Operation{
		OperationID: "create-webhook-endpoint", Method: http.MethodPost, Path: "/v1/webhooks/endpoints", Tags: []string{tag},
		Summary: "Add a webhook endpoint", DefaultStatus: http.StatusCreated,
		Description: "Events go there signed as Standard Webhooks says; the secret is shown this once. The address is https and public.",
	}, w.create)
	register(r, huma.Operation{
		OperationID: "delete-webhook-endpoint", Method: http.MethodDelete, Path: "/v1/webhooks/endpoints/{id}", Tags: []string{tag},
		Summary: "Delete a webhook endpoint", DefaultStatus: http.StatusNoContent,
		Description: "What waits for it goes with it. Deleting it again changes nothing.",
		Errors:      []int{http.StatusNotFound},
	}, w.remove)
	register(r, huma.Operation{
		OperationID: "list-webhook-deliveries", Method: http.MethodGet, Path: "/v1/webhooks/deliveries", Tags: []string{tag},
		Summary: "List the deliveries to webhook endpoints", Description: "The newest first, until their end date.",
	}, w.deliveries)
	registerCreate(r, huma.Operation{
		OperationID: "retry-webhook-delivery", Method: http.MethodPost, Path: "/v1/webhooks/deliveries/{id}/retry", Tags: []string{tag},
		Summary: "Try a delivery again",
		Description: "At once, and with all its retries again, also where it was given up. " +
			"An endpoint that was disabled is tried again with it.",
		DefaultStatus: http.StatusNoContent, Errors: []int{http.StatusNotFound},
	}, w.retry)
}

// endpointView is one endpoint.
type endpointView struct {
	ID             string     `json:"id" maxLength:"80" doc:"The endpoint."`
	Types          []string   `json:"types" maxItems:"20" maxLength:"60" doc:"The types of events that it wants; empty means all."`
	Description    string     `json:"description,omitempty" maxLength:"100" doc:"What its maker called it."`
	CreatedBy      string     `json:"created_by" maxLength:"80" doc:"Who made it."`
	CreatedAt      time.Time  `json:"created_at" doc:"When."`
	DisabledAt     *time.Time `json:"disabled_at,omitempty" doc:"When it answered that it is gone; nothing is sent there since."`
	DisabledReason string     `json:"disabled_reason,omitempty" maxLength:"60" doc:"Why."`
}

type endpointsAnswer struct {
	Body struct {
		Endpoints []endpointView `json:"endpoints" maxItems:"32" doc:"The oldest first."`
	}
}

func (w webhooks) endpoints(ctx context.Context, _ *struct{}) (*endpointsAnswer, error) {
	found, err := webhook.List(ctx, w.db)
	if err != nil {
		return nil, err
	}

	out := &endpointsAnswer{}
	out.Body.Endpoints = []endpointView{}

	for _, each := range found {
		types := []string{}
		for _, kind := range each.Types {
			types = append(types, string(kind))
		}

		out.Body.Endpoints = append(out.Body.Endpoints, endpointView{
			ID: each.ID, Types: types, Description: each.Description, CreatedBy: each.CreatedBy, CreatedAt: each.CreatedAt.UTC(),
			DisabledAt: known(each.DisabledAt), DisabledReason: string(each.Reason),
		})
	}

	return out, nil
}

// eventType is a type of events that somebody may want: one of those that are emitted.
type eventType string

// Schema implements huma.SchemaProvider.
func (eventType) Schema(huma.Registry) *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString}
	for _, kind := range webhook.Types() {
		schema.Enum = append(schema.Enum, string(kind))
	}

	return schema
}

type endpointInput struct {
	Body struct {
		URL   string      `json:"url" minLength:"1" maxLength:"2000" format:"uri" doc:"Where events go: https, to a public host."`
		Types []eventType `json:"types,omitempty" maxItems:"20" uniqueItems:"true" doc:"The types of events that it wants; none means all."`
		//nolint:lll // one tag
		Description string `json:"description,omitempty" maxLength:"100" pattern:"^[A-Za-z0-9 ._/-]*$" doc:"What you call it; no name of a person."`
	}
}

type madeEndpoint struct {
	Body struct {
		ID     string `json:"id" maxLength:"80" doc:"The endpoint."`
		Secret string `json:"secret" maxLength:"100" doc:"What deliveries are signed with; shown this once."`
	}
}

// create makes an endpoint. The act stands in the same transaction: a crash leaves both
// or neither.
func (w webhooks) create(ctx context.Context, tx postgres.Tx, in *endpointInput) (*madeEndpoint, error) {
	types := make([]webhook.Type, 0, len(in.Body.Types))
	for _, kind := range in.Body.Types {
		types = append(types, webhook.Type(kind))
	}

	now, who, out := w.clock.Now(), caller(ctx), &madeEndpoint{}

	id, secret, err := webhook.Create(ctx, tx, w.keeper, webhook.Wanted{
		URL: in.Body.URL, Types: types, Description: in.Body.Description, CreatedBy: who.ID,
	}, w.rule, now)
	if err != nil {
		return nil, err
	}

	out.Body.ID, out.Body.Secret = id, secret
	_, err = act.Record(ctx, tx, who, act.What{Verb: "webhook.create", Object: id}, now)

	return out, err
}

type endpointID struct {
	ID string `path:"id" pattern:"^whe_[a-z2-7]{26}$" maxLength:"30" doc:"The endpoint."`
}

// remove deletes an endpoint. The answer may have been lost: one that an act has deleted
// already is deleted, with no second act. A crash before the commit leaves it.
func (w webhooks) remove(ctx context.Context, in *endpointID) (*struct{}, error) {
	what := act.What{Verb: "webhook.delete", Object: in.ID}

	err := w.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		err := webhook.Delete(ctx, tx, in.ID)
		if failure.Is(err, failure.UnknownEndpoint) {
			return goneAlready(ctx, tx, what, err)
		}

		if err != nil {
			return err
		}

		_, err = act.Record(ctx, tx, caller(ctx), what, w.clock.Now())

		return err
	})

	return nil, failure.Wrap(failure.Unavailable, "deleting a webhook endpoint", err)
}

// goneAlready is nil where what is not there was taken away by the same act before, and
// unknown where it never was.
func goneAlready(ctx context.Context, q postgres.Queryer, what act.What, unknown error) error {
	did, err := act.Did(ctx, q, what.Verb, what.Object)
	if err != nil || did {
		return err
	}

	return unknown
}

type deliveryID struct {
	ID string `path:"id" pattern:"^whd_[a-z2-7]{26}$" maxLength:"30" doc:"The delivery."`
}

// retry queues a delivery again. Each is an act, so that it takes an Idempotency-Key: a
// repeated request would meet the try that the first one began. The act stands in the
// same transaction: a crash leaves both or neither.
func (w webhooks) retry(ctx context.Context, tx postgres.Tx, in *deliveryID) (*struct{}, error) {
	if err := webhook.Retry(ctx, tx, in.ID, w.clock.Now()); err != nil {
		return nil, err
	}

	_, err := act.Record(ctx, tx, caller(ctx), act.What{Verb: "webhook.retry", Object: in.ID}, w.clock.Now())

	return nil, err
}

// deliveryView is one event on its way to one endpoint.
type deliveryView struct {
	ID        string     `json:"id" maxLength:"80" doc:"The delivery."`
	Event     string     `json:"event" maxLength:"80" doc:"The event, which is the webhook-id of every try."`
	Endpoint  string     `json:"endpoint" maxLength:"80" doc:"Where it goes."`
	Type      string     `json:"type" maxLength:"80" doc:"The type of the event."`
	State     string     `json:"state" enum:"waiting,delivered,given_up" doc:"What became of it."`
	Tries     int        `json:"tries" minimum:"0" doc:"How often it was tried."`
	Status    int        `json:"status,omitempty" doc:"The HTTP status of the last try that failed."`
	Code      string     `json:"code,omitempty" maxLength:"60" doc:"Why the last try failed."`
	CreatedAt time.Time  `json:"created_at" doc:"When it was queued."`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When it is tried next, at the earliest."`
	SettledAt *time.Time `json:"settled_at,omitempty" doc:"When it was delivered or given up."`
}

type deliveriesAnswer struct {
	Body struct {
		page.Next

		Deliveries []deliveryView `json:"deliveries" maxItems:"500" doc:"The newest first."`
	}
}

type deliveriesQuery struct {
	page.Query

	Endpoint string `query:"endpoint" pattern:"^whe_[a-z2-7]{26}$" maxLength:"30" doc:"Those to this endpoint only."`
}

// deliveriesList names this list in its cursors.
const deliveriesList = "webhook-deliveries"

func (w webhooks) deliveries(ctx context.Context, in *deliveriesQuery) (*deliveriesAnswer, error) {
	list := deliveriesList + in.Endpoint

	after, err := placeOf(list, in.Cursor, "whd")
	if err != nil {
		return nil, err
	}

	rows, err := webhook.Deliveries(ctx, w.db, in.Endpoint, after, in.Limit+1)
	if err != nil {
		return nil, err
	}

	rows, next, err := page.Cut(list, rows, in.Limit, webhook.Delivery.Place)
	if err != nil {
		return nil, err
	}

	out := &deliveriesAnswer{}
	out.Body.Next, out.Body.Deliveries = next, []deliveryView{}

	for _, each := range rows {
		out.Body.Deliveries = append(out.Body.Deliveries, deliveryViewOf(each))
	}

	return out, nil
}

func deliveryViewOf(each webhook.Delivery) deliveryView {
	view := deliveryView{
		ID: each.ID, Event: each.Event, Endpoint: each.Endpoint, Type: string(each.Type), State: each.State, Tries: each.Tries,
		Status: each.Status, Code: string(each.Code), CreatedAt: each.CreatedAt.UTC(), SettledAt: known(each.SettledAt),
	}

	if each.SettledAt.IsZero() {
		view.NextAt = known(each.NextAt)
	}

	return view
}
