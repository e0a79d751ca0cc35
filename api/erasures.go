package main

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/account"
	"steward/internal/act"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/ids"
	"steward/internal/letter"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// tagErasures is the group of the operations about erasures and holds.
const tagErasures = "erasures"

// erasures are the cases of erasures.
type erasures struct {
	db       *postgres.DB
	clock    clocks.Clock
	keeper   casekey.Keeper
	subjects subjects
	// mode is that of the promise.
	mode promise.Mode
	keep periods
}

// erasures of this process. A policy that does not promise erasure only observes.
func (p *process) erasures(resolver *account.Resolver) erasures {
	mode := promise.Observe
	if p.policy.Promises.Erasure != nil {
		mode = p.policy.Promises.Erasure.Mode
	}

	return erasures{
		db: p.db, clock: p.clock, keeper: p.keeper, subjects: p.subjects(resolver), mode: mode, keep: periodsOf(p.policy),
	}
}

func (e erasures) register(r *router) {
	registerCreate(r, huma.Operation{
		OperationID: "create-erasure", Method: http.MethodPost, Path: "/v1/erasures", Tags: []string{tagErasures},
		Summary: "Ask for an erasure", DefaultStatus: http.StatusCreated,
		Description: "Opens the case of an account, or of a person in a scope. What there is of them is counted; a lead who did not " +
			"ask for it approves that plan by its hash, and only then is anything closed or erased. With plan_only it ends with its plan.",
		Errors: []int{http.StatusNotFound, http.StatusGone},
	}, e.create)
	register(r, huma.Operation{
		OperationID: "list-erasures", Method: http.MethodGet, Path: "/v1/erasures", Tags: []string{tagErasures},
		Summary: "List erasures", Description: "The newest first. A look of a member of staff is noted in the access log.",
	}, e.list)
	register(r, huma.Operation{
		OperationID: "get-erasure", Method: http.MethodGet, Path: "/v1/erasures/{id}", Tags: []string{tagErasures},
		Summary: "Show an erasure",
		Description: "With its newest plan, how each store came out, and what was found left. A look of a member of staff is noted in " +
			"the access log.",
		Errors: []int{http.StatusNotFound},
	}, e.get)
	e.registerActs(r)
}

// registerActs registers what staff do to a case that is there.
func (e erasures) registerActs(r *router) {
	register(r, huma.Operation{
		OperationID: "approve-erasure", Method: http.MethodPost, Path: "/v1/erasures/{id}/approval", Tags: []string{tagErasures},
		Summary: "Approve the plan of an erasure", DefaultStatus: http.StatusOK,
		Description: "By the hash of the plan that was read. Whoever asked for the erasure, or opened its case, does not approve it. It " +
			"is an act of staff. Nothing takes the erasure back once it is decided.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, e.approve)
	register(r, huma.Operation{
		OperationID: "cancel-erasure", Method: http.MethodPost, Path: "/v1/erasures/{id}/cancellation", Tags: []string{tagErasures},
		Summary: "Cancel an erasure", DefaultStatus: http.StatusOK,
		Description: "Before it is decided for good; what was closed is opened again. It is an act of staff.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, e.cancel)
	register(r, huma.Operation{
		OperationID: "retry-erasure", Method: http.MethodPost, Path: "/v1/erasures/{id}/retry", Tags: []string{tagErasures},
		Summary: "Have an erasure tried again", DefaultStatus: http.StatusOK,
		Description: "One that is blocked, or that waits for a store which failed. It is an act of staff.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, e.retry)
}

type erasureInput struct {
	Body struct {
		SubjectInput

		Language string `json:"language,omitempty" enum:"en,fr" doc:"That of the certificates; English where nothing is said."`
		PlanOnly bool   `json:"plan_only,omitempty" doc:"Only count what there is; nothing is closed or erased."`
	}
}

// create opens a case whose cause is the act of who asks. A crash before the commit
// leaves nothing.
func (e erasures) create(ctx context.Context, tx postgres.Tx, in *erasureInput) (*erasureAnswer, error) {
	subject, err := e.subjects.find(ctx, in.Body.SubjectInput)
	if err != nil {
		return nil, err
	}

	who, asOf := caller(ctx), e.clock.Now()

	id := ids.New(erasure.Prefix)

	made, err := act.Record(ctx, tx, who, act.What{Verb: erasure.OpenVerb, Object: id}, asOf)
	if err != nil {
		return nil, err
	}

	asked := erasure.Opening{
		ID: id, Cause: made, Reason: erasure.ByStaff, Kind: subject.kind, Account: subject.id, Key: subject.key, Identities: subject.identities,
		Matches: subject.matches, Language: letter.Language(in.Body.Language), AskedBy: who.ID, OpenedBy: who.ID,
	}
	if in.Body.PlanOnly {
		asked.Mode = promise.Observe
	}

	opened, err := e.open(ctx, tx, asked)
	if err != nil {
		return nil, err
	}

	return &erasureAnswer{Body: bodyOfErasure(opened)}, nil
}

// open opens a case in the mode of the policy, unless it has one of its own.
func (e erasures) open(ctx context.Context, tx postgres.Tx, asked erasure.Opening) (erasure.Case, error) {
	if err := e.keeper.Ready(); err != nil {
		return erasure.Case{}, err
	}

	if asked.At = e.clock.Now(); asked.Mode == "" {
		asked.Mode = e.mode
	}

	opened, _, err := erasure.Open(ctx, tx, e.keeper, asked)

	return opened, err
}

type erasuresQuery struct {
	page.Query

	State   string `query:"state" enum:"open,all" default:"open" doc:"Which are wanted: those that have not ended, or all."`
	Stage   string `query:"stage" maxLength:"40" pattern:"^[a-z_]+$" doc:"Only those at this stage."`
	Account string `query:"account" maxLength:"36" pattern:"^[A-Za-z0-9_-]+$" doc:"Only those of this account, by its id."`
}

type erasuresAnswer struct {
	Body struct {
		page.Next

		Erasures []ErasureBody `json:"erasures" maxItems:"500" doc:"The newest first."`
	}
}

func (e erasures) list(ctx context.Context, in *erasuresQuery) (*erasuresAnswer, error) {
	after, err := placeOf("erasures", in.Cursor, erasure.Prefix)
	if err != nil {
		return nil, err
	}

	found, err := erasure.List(ctx, e.db, erasure.Filter{
		Open: in.State == "open", Stage: erasure.Stage(in.Stage), Account: in.Account, After: after, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}

	out := &erasuresAnswer{}

	if found, out.Body.Next, err = page.Cut("erasures", found, in.Limit, erasure.Case.Place); err != nil {
		return nil, err
	}

	if err := accesslog.LookAll(ctx, e.db, "list-erasures", subjectsOf(found), e.clock.Now(), e.keep.looks); err != nil {
		return nil, err
	}

	out.Body.Erasures = []ErasureBody{}
	for _, each := range found {
		out.Body.Erasures = append(out.Body.Erasures, bodyOfErasure(each))
	}

	return out, nil
}

// subjectsOf are whose data cases show: the account's, or the case itself where a person is in none.
func subjectsOf(found []erasure.Case) []string {
	subjects := make([]string, 0, len(found))

	for _, each := range found {
		if each.Account == "" {
			subjects = append(subjects, each.ID)
		} else {
			subjects = append(subjects, each.Account)
		}
	}

	return subjects
}

type erasurePath struct {
	ID string `path:"id" maxLength:"30" pattern:"^era_[a-z2-7]{26}$" doc:"The erasure's id."`
}

func (e erasures) get(ctx context.Context, in *erasurePath) (*wholeErasureAnswer, error) {
	found, err := erasure.Get(ctx, e.db, in.ID)
	if err != nil {
		return nil, err
	}

	// Before it is shown: a look that could not be noted is none.
	if err := accesslog.Look(ctx, e.db, "get-erasure", subjectsOf([]erasure.Case{found})[0], e.clock.Now(), e.keep.looks); err != nil {
		return nil, err
	}

	return e.whole(ctx, found)
}

type approvalInput struct {
	ID   string `path:"id" maxLength:"30" pattern:"^era_[a-z2-7]{26}$" doc:"The erasure's id."`
	Body struct {
		//nolint:lll // one tag
		Plan string `json:"plan_sha256" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"The hash of the plan that was read, and is agreed to."`
	}
}

func (e erasures) approve(ctx context.Context, in *approvalInput) (*erasureAnswer, error) {
	return e.do(ctx, in.ID, func(ctx context.Context, tx postgres.Tx, who access.Principal) error {
		return erasure.Approve(ctx, tx, who, in.ID, in.Body.Plan, e.clock.Now())
	})
}

func (e erasures) cancel(ctx context.Context, in *erasurePath) (*erasureAnswer, error) {
	return e.do(ctx, in.ID, func(ctx context.Context, tx postgres.Tx, who access.Principal) error {
		return erasure.Cancel(ctx, tx, who, in.ID, e.clock.Now())
	})
}

func (e erasures) retry(ctx context.Context, in *erasurePath) (*erasureAnswer, error) {
	return e.do(ctx, in.ID, func(ctx context.Context, tx postgres.Tx, who access.Principal) error {
		return erasure.Retry(ctx, tx, who, in.ID, e.clock.Now())
	})
}

// do carries out an act on a case in one transaction, and shows the case as it is then:
// what it leads to happens soon after.
func (e erasures) do(
	ctx context.Context, id string, work func(context.Context, postgres.Tx, access.Principal) error,
) (*erasureAnswer, error) {
	var found erasure.Case

	err := e.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		if err := work(ctx, tx, caller(ctx)); err != nil {
			return err
		}

		found, err = erasure.Get(ctx, tx, id)

		return err
	})
	if err != nil {
		return nil, failed(err, "acting on an erasure")
	}

	return &erasureAnswer{Body: bodyOfErasure(found)}, nil
}
