package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/clocks"
	"steward/internal/evidence"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// promises says of each promise whether it is kept, as "steward promises" does.
type promises struct {
	db      *postgres.DB
	clock   clocks.Clock
	policy  *policy.Policy
	offFile string // dev only
}

func (p promises) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-promises", Method: http.MethodGet, Path: "/v1/promises", Tags: []string{tagPromises},
		Summary: "Say of each promise whether it is kept",
		Description: "Judges every promise of the policy by its evidence in the steward database, at this instant. " +
			"The list is as long as the policy, and has no pages.",
	}, p.list)
}

// promiseStatus is one promise, or one database of it.
type promiseStatus struct {
	Promise        string     `json:"promise" maxLength:"80" doc:"The name of the promise."`
	Item           string     `json:"item,omitempty" maxLength:"80" doc:"The database or the set of files; absent for the whole."`
	LeftPolicy     bool       `json:"left_policy,omitempty" doc:"The policy names it no longer; something of it is still stored."`
	Mode           string     `json:"mode" maxLength:"20" doc:"observe or enforce."`
	State          string     `json:"state" maxLength:"20" doc:"kept, at_risk, broken, armed, observed or not_built."`
	Reason         string     `json:"reason" maxLength:"1000" doc:"Why, in words."`
	NewestEvidence *time.Time `json:"newest_evidence,omitempty" doc:"When the newest evidence was made."`
	NextDue        *time.Time `json:"next_due,omitempty" doc:"When the next evidence is due."`
}

type promisesAnswer struct {
	Body struct {
		AsOf     time.Time       `json:"as_of" doc:"The instant at which they were judged."`
		Policy   string          `json:"policy" maxLength:"80" doc:"The hash of the policy in force."`
		Alarming bool            `json:"alarming" doc:"One of them is at risk or broken."`
		Promises []promiseStatus `json:"promises" maxItems:"1000" doc:"In the order of the policy."`
	}
}

func (p promises) list(ctx context.Context, _ *struct{}) (*promisesAnswer, error) {
	out := &promisesAnswer{}
	out.Body.AsOf, out.Body.Policy = p.clock.Now(), p.policy.Hash()
	out.Body.Promises = []promiseStatus{}

	err := p.db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		found, err := evidence.Gather(ctx, evidence.Sources{Steward: tx, OffFile: p.offFile}, p.policy)
		if err != nil {
			return err
		}

		statuses := promise.Evaluate(p.policy.Rules(), found, out.Body.AsOf)
		out.Body.Alarming = promise.Alarming(statuses)

		for _, status := range statuses {
			out.Body.Promises = append(out.Body.Promises, promiseStatus{
				Promise: string(status.Promise), Item: status.Item, LeftPolicy: status.LeftPolicy, Mode: string(status.Mode),
				State: string(status.State), Reason: status.Reason,
				NewestEvidence: known(status.NewestEvidence), NextDue: known(status.NextDue),
			})
		}

		return nil
	})
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "gathering the evidence", err)
	}

	return out, nil
}

// known gives a time, or nothing for one that is not known.
func known(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}

	return &at
}
