package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/accesslog"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/hold"
	"steward/internal/page"
	"steward/internal/postgres"
)

// legalHolds are what stops erasures.
type legalHolds struct {
	db       *postgres.DB
	clock    clocks.Clock
	subjects subjects
	keep     periods
}

func (h legalHolds) register(r *router) {
	registerCreate(r, huma.Operation{
		OperationID: "create-hold", Method: http.MethodPost, Path: "/v1/holds", Tags: []string{tagErasures},
		Summary: "Set a legal hold", DefaultStatus: http.StatusCreated,
		Description: "While it stands, no erasure of what it protects is decided. One of an account protects the persons in it too, and " +
			"one of a person the account that they are in. It ends by itself, and opens a task then. It is an act of staff.",
		Errors: []int{http.StatusNotFound},
	}, h.set)
	register(r, huma.Operation{
		OperationID: "list-holds", Method: http.MethodGet, Path: "/v1/holds", Tags: []string{tagErasures},
		Summary: "List the legal holds", Description: "The newest first. A look of a member of staff is noted in the access log.",
	}, h.list)
	register(r, huma.Operation{
		OperationID: "release-hold", Method: http.MethodPost, Path: "/v1/holds/{id}/release", Tags: []string{tagErasures},
		Summary: "Release a legal hold", DefaultStatus: http.StatusOK,
		Description: "Erasures that it stopped are planned anew. Released again it changes nothing. It is an act of staff.",
		Errors:      []int{http.StatusNotFound},
	}, h.release)
}

type holdInput struct {
	Body struct {
		SubjectInput

		//nolint:lll // one tag
		Basis string    `json:"basis" minLength:"1" maxLength:"80" pattern:"^[A-Za-z0-9][A-Za-z0-9 ._/:-]*$" doc:"What it rests on, such as a docket number; no name of a person."`
		Until time.Time `json:"until" doc:"When it ends by itself; within ten years."`
	}
}

// HoldBody is a hold as it is shown.
type HoldBody struct {
	ID   string `json:"id" maxLength:"30" doc:"Opaque."`
	Kind string `json:"kind" enum:"account,person" doc:"Whether it protects an account or a person."`
	//nolint:lll // one tag
	Account    string     `json:"account,omitempty" maxLength:"36" doc:"The id of the account; of a person, that of the customer whose data they are in."`
	Basis      string     `json:"basis" maxLength:"80" doc:"What it rests on."`
	SetBy      string     `json:"set_by" maxLength:"40" doc:"The opaque id of who set it."`
	SetAt      time.Time  `json:"set_at" doc:"When."`
	Until      time.Time  `json:"until" doc:"When it ends by itself."`
	ReleasedAt *time.Time `json:"released_at,omitempty" doc:"When it ended."`
	ReleasedBy string     `json:"released_by,omitempty" maxLength:"40" doc:"The opaque id of who released it; absent where its time ended it."`
}

func bodyOfHold(found hold.Hold) HoldBody {
	return HoldBody{
		ID: found.ID, Kind: string(found.Kind), Account: found.Account, Basis: found.Basis, SetBy: found.SetBy, SetAt: found.SetAt,
		Until: found.Until, ReleasedAt: known(found.ReleasedAt), ReleasedBy: found.ReleasedBy,
	}
}

type setHoldAnswer struct {
	Body struct {
		HoldBody

		//nolint:lll // one tag
		TooLate []string `json:"too_late" maxItems:"100" maxLength:"30" doc:"Erasures of what it protects that were decided for good before, and that nothing stops: the first hundred."`
	}
}

// set sets a hold with its act. A crash before the commit leaves neither.
func (h legalHolds) set(ctx context.Context, tx postgres.Tx, in *holdInput) (*setHoldAnswer, error) {
	subject, err := h.subjects.find(ctx, in.Body.SubjectInput)
	if err != nil {
		return nil, err
	}

	set, late, err := hold.Set(ctx, tx, caller(ctx), hold.Wanted{
		Kind: subject.kind, Account: subject.id, Matches: subject.matches, Basis: in.Body.Basis, Until: in.Body.Until,
	}, h.clock.Now())
	if err != nil {
		return nil, err
	}

	out := &setHoldAnswer{}
	out.Body.HoldBody, out.Body.TooLate = bodyOfHold(set), append([]string{}, late...)

	return out, nil
}

type holdsQuery struct {
	page.Query

	State string `query:"state" enum:"standing,all" default:"standing" doc:"Which are wanted."`
}

type holdsAnswer struct {
	Body struct {
		page.Next

		Holds []HoldBody `json:"holds" maxItems:"500" doc:"The newest first."`
	}
}

func (h legalHolds) list(ctx context.Context, in *holdsQuery) (*holdsAnswer, error) {
	after, err := placeOf("holds", in.Cursor, hold.Prefix)
	if err != nil {
		return nil, err
	}

	found, err := hold.List(ctx, h.db, in.State == "all", after, in.Limit+1)
	if err != nil {
		return nil, err
	}

	out := &holdsAnswer{}

	if found, out.Body.Next, err = page.Cut("holds", found, in.Limit, hold.Hold.Place); err != nil {
		return nil, err
	}

	subjects := make([]string, 0, len(found))

	out.Body.Holds = []HoldBody{}
	for _, each := range found {
		out.Body.Holds = append(out.Body.Holds, bodyOfHold(each))

		if subjects = append(subjects, each.ID); each.Kind == plan.Account || each.Account != "" {
			subjects[len(subjects)-1] = each.Account
		}
	}

	return out, accesslog.LookAll(ctx, h.db, "list-holds", subjects, h.clock.Now(), h.keep.looks)
}

type holdPath struct {
	ID string `path:"id" maxLength:"30" pattern:"^hld_[a-z2-7]{26}$" doc:"The hold's id."`
}

type holdAnswer struct {
	Body HoldBody
}

func (h legalHolds) release(ctx context.Context, in *holdPath) (*holdAnswer, error) {
	var found hold.Hold

	err := h.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		found, err = hold.Release(ctx, tx, caller(ctx), in.ID, h.clock.Now())

		return err
	})
	if err != nil {
		return nil, failed(err, "releasing a hold")
	}

	return &holdAnswer{Body: bodyOfHold(found)}, nil
}
