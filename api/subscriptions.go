package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// subscriptions takes what happens to subscriptions.
type subscriptions struct {
	db       *postgres.DB
	clock    clocks.Clock
	resolver *account.Resolver
}

func (s subscriptions) register(r *router) {
	register(r, huma.Operation{
		OperationID: "record-subscription", Method: http.MethodPost, Path: "/v1/subscriptions", Tags: []string{tagAccounts},
		DefaultStatus: http.StatusOK,
		Summary:       "Record an event of a subscription",
		Description: "Says that a subscription is paid until a time, that a payment was made, or that it was cancelled. Events are " +
			"ordered by their own time: late, repeated and out-of-order ones are harmless, so that a call without an answer is simply " +
			"made again. A payment keeps an account alive as a sign of life does. The answer tells of the subscription only.",
		Errors: []int{http.StatusNotFound, http.StatusGone},
	}, s.record)
}

type newSubscription struct {
	Body struct {
		Account   string     `json:"account" minLength:"1" maxLength:"254" doc:"The app's key of the account, or its id."`
		Event     string     `json:"event" enum:"paid_until,payment,cancelled" doc:"What happened."`
		At        time.Time  `json:"at" doc:"When it happened. The future is refused."`
		PaidUntil *time.Time `json:"paid_until,omitempty" doc:"Until when it is paid: a must for paid_until, none for cancelled."`
	}
}

func (s subscriptions) record(ctx context.Context, in *newSubscription) (*subscriptionAnswer, error) {
	asOf := s.clock.Now()

	key, err := account.ParseKey(in.Body.Account)
	if err != nil {
		return nil, err
	}

	event, err := account.Event{Kind: account.EventKind(in.Body.Event), At: in.Body.At, PaidUntil: given(in.Body.PaidUntil)}.Check(asOf)
	if err != nil {
		return nil, err
	}

	err = s.resolver.Use(ctx, []account.Key{key}, asOf, func(found []string) error {
		if event.Account = found[0]; event.Account == "" {
			return failure.New(failure.AccountUnknown, "looking for an account")
		}

		return account.Apply(ctx, s.db, event, asOf)
	})
	if err != nil {
		return nil, err
	}

	now, err := account.Get(ctx, s.db, event.Account)

	return &subscriptionAnswer{Body: subscriptionOf(now)}, err
}
