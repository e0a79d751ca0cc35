package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/account"
	"steward/internal/failure"
)

// interactionsBody is the longest body of signs of life, in bytes: 5,000 of them with
// keys of the usual length, with room for half of them at the longest.
const interactionsBody = 1 << 20

// interactions takes signs of life.
type interactions struct{ intake *account.Intake }

func (i interactions) register(r *router) {
	register(r, huma.Operation{
		OperationID: "record-interactions", Method: http.MethodPost, Path: "/v1/interactions", Tags: []string{tagAccounts},
		DefaultStatus: http.StatusOK,
		Summary:       "Record signs of life",
		Description: "Says that users were in accounts. It is answered after the commit. Late, repeated and out-of-order ones are " +
			"harmless: of each account the newest time stays, so that a call without an answer is simply made again. " +
			"An account that nobody told of is registered. What cannot be recorded is listed as refused; " +
			"where nothing could be, the call fails with the code of the first.",
		Errors: []int{http.StatusNotFound, http.StatusGone}, MaxBodyBytes: interactionsBody,
	}, i.record)
}

// interaction is one sign of life.
type interaction struct {
	Account string     `json:"account" minLength:"1" maxLength:"254" doc:"The app's key of the account, or its id."`
	At      *time.Time `json:"at,omitempty" doc:"When the user was there; absent means now. The future is refused."`
}

type newInteractions struct {
	Body struct {
		Interactions []interaction `json:"interactions" minItems:"1" maxItems:"5000" doc:"In any order; an account may come more than once."`
	}
}

// refusedInteraction is one that was not recorded.
type refusedInteraction struct {
	Index int    `json:"index" minimum:"0" maximum:"4999" doc:"Its place in the call, from 0."`
	Code  string `json:"code" enum:"account_gone,account_unknown,account_key_refused,sign_in_future,sign_too_old" doc:"Why."`
}

type interactionsAnswer struct {
	Body struct {
		Recorded int                  `json:"recorded" minimum:"0" maximum:"5000" doc:"How many of the call are durable now."`
		Refused  []refusedInteraction `json:"refused" maxItems:"5000" doc:"Those that are not, in the order of the call."`
	}
}

func (i interactions) record(ctx context.Context, in *newInteractions) (*interactionsAnswer, error) {
	claims := make([]account.Claim, len(in.Body.Interactions))
	for n, each := range in.Body.Interactions {
		claims[n] = account.Claim{Account: each.Account, At: given(each.At)}
	}

	refused, err := i.intake.Take(ctx, claims)
	if err != nil {
		return nil, err
	}

	if len(refused) == len(claims) {
		return nil, failure.New(refused[0].Code, "recording signs of life")
	}

	out := &interactionsAnswer{}
	out.Body.Recorded, out.Body.Refused = len(claims)-len(refused), []refusedInteraction{}

	for _, each := range refused {
		out.Body.Refused = append(out.Body.Refused, refusedInteraction{Index: each.Index, Code: string(each.Code)})
	}

	return out, nil
}
