package main

import (
	"context"
	"time"

	"steward/internal/erasure"
	"steward/internal/failure"
)

// erasureAnswer is a case as it is shown.
type erasureAnswer struct {
	Body ErasureBody
}

// ErasureBody is what is shown of a case. Nobody's identities are in it.
type ErasureBody struct {
	ID     string `json:"id" maxLength:"30" doc:"Opaque."`
	Cause  string `json:"cause" maxLength:"30" doc:"The task or act that asked for it."`
	Reason string `json:"reason" maxLength:"40" doc:"Why, as a code."`
	Kind   string `json:"kind" enum:"account,person" doc:"Whether an account or a person is erased."`
	//nolint:lll // one tag
	Account  string    `json:"account,omitempty" maxLength:"36" doc:"The id of the account; of a person, that of the customer whose data they are in."`
	Mode     string    `json:"mode" enum:"observe,enforce" doc:"Whether it erases, or ends with its plan."`
	Language string    `json:"language" maxLength:"2" doc:"That of the certificates."`
	AskedBy  string    `json:"asked_by" maxLength:"40" doc:"The opaque id of who wanted it."`
	OpenedBy string    `json:"opened_by" maxLength:"40" doc:"The opaque id of who opened the case."`
	OpenedAt time.Time `json:"opened_at" doc:"When."`
	Stage    string    `json:"stage" maxLength:"40" doc:"How far it has come, as a code."`
	Text     string    `json:"text" maxLength:"200" doc:"The same in words."`
	StagedAt time.Time `json:"staged_at" doc:"Since when."`
	Code     string    `json:"code,omitempty" maxLength:"60" doc:"Of one that is blocked or held: the code of why; none for a legal hold."`
	Stopped  string    `json:"stopped_in,omitempty" maxLength:"40" doc:"Of one that is blocked: the stage in which it stopped."`
	//nolint:lll // one tag
	Refusal  string     `json:"refusal,omitempty" maxLength:"4000" doc:"Of one that is blocked: the tables, columns or stores at which it stopped, in words."`
	Erased   *time.Time `json:"erased_at,omitempty" doc:"When every store had answered."`
	Verified *time.Time `json:"verified_at,omitempty" doc:"When nothing was found left, the last time."`
	GoneBy   *time.Time `json:"gone_by,omitempty" doc:"When nothing can be left anywhere; absent while nobody can say."`
	Ended    *time.Time `json:"ended_at,omitempty" doc:"When the case ended."`
}

func bodyOfErasure(c erasure.Case) ErasureBody {
	return ErasureBody{
		ID: c.ID, Cause: c.Cause, Reason: string(c.Reason), Kind: string(c.Kind), Account: c.Account, Mode: string(c.Mode),
		Language: string(c.Language), AskedBy: c.AskedBy, OpenedBy: c.OpenedBy, OpenedAt: c.OpenedAt, Stage: string(c.Stage),
		Text: c.Stage.Text(), StagedAt: c.StagedAt, Code: string(c.Code), Stopped: string(c.StoppedIn), Refusal: c.Refusal,
		Erased: known(c.ErasedAt), Verified: known(c.VerifiedAt), GoneBy: known(c.GoneBy), Ended: known(c.EndedAt),
	}
}

// wholeErasureAnswer is a case with everything about it.
type wholeErasureAnswer struct {
	Body struct {
		ErasureBody

		Plan   *planBody       `json:"plan,omitempty" doc:"The newest plan; absent until it is made."`
		Stores []storeBody     `json:"stores" maxItems:"1000" doc:"How each store came out, by its name."`
		Left   []remainderBody `json:"left" maxItems:"100000" doc:"What was found still there the last time."`
	}
}

// planBody is a plan as it is shown.
type planBody struct {
	SHA256 string     `json:"sha256" maxLength:"64" doc:"The hash that is approved: of the text."`
	Text   string     `json:"text" maxLength:"16777216" doc:"The plan as it is hashed, JSON."`
	MadeAt time.Time  `json:"made_at" doc:"When it was made."`
	Map    string     `json:"map_sha256" maxLength:"64" doc:"The hash of the data map."`
	Steps  []stepBody `json:"steps" maxItems:"100000" doc:"What will be done, in this order."`
}

// stepBody is one step of a plan.
type stepBody struct {
	Store   string   `json:"store" maxLength:"120" doc:"The store."`
	Place   string   `json:"place,omitempty" maxLength:"300" doc:"The table, or the bucket."`
	Action  string   `json:"action" enum:"delete,unlink,overwrite,retain,expire,by hand,not there" doc:"What is done."`
	Columns []string `json:"columns,omitempty" maxItems:"2000" maxLength:"130" doc:"The columns that are overwritten, unlinked or retained."`
	Rows    int64    `json:"rows" doc:"How many rows or objects; -1 where the store cannot count."`
	Basis   string   `json:"basis,omitempty" maxLength:"120" doc:"Why it is retained."`
	Until   string   `json:"until,omitempty" maxLength:"40" doc:"For how long it is retained."`
}

// storeBody is how a store came out.
type storeBody struct {
	Store   string     `json:"store" maxLength:"120" doc:"The store."`
	Outcome string     `json:"outcome" maxLength:"20" doc:"How it came out."`
	Count   int64      `json:"count" doc:"How many rows or objects."`
	Parts   []partBody `json:"parts,omitempty" maxItems:"1000" doc:"All that became of rows, where outcome and count do not say it all."`
	Code    string     `json:"code,omitempty" maxLength:"60" doc:"Why it failed, or why nobody can say when it is gone."`
	GoneBy  *time.Time `json:"gone_by,omitempty" doc:"When nothing can be left there."`
}

// partBody is one of several things that became of rows in a store.
type partBody struct {
	Outcome string `json:"outcome" enum:"erased,pseudonymised,retained" doc:"What became of them."`
	Count   int64  `json:"count" doc:"How many. A row may count in more than one part."`
	Basis   string `json:"basis,omitempty" maxLength:"120" doc:"The published exception under which they are retained."`
	For     string `json:"for,omitempty" maxLength:"40" doc:"For how long at most they are, from the erasure on."`
}

// remainderBody is what was found in one place.
type remainderBody struct {
	Store string `json:"store" maxLength:"120" doc:"The store."`
	Place string `json:"place" maxLength:"300" doc:"The table, the column or the bucket."`
	Rows  int64  `json:"rows" doc:"How many."`
	Why   string `json:"why" maxLength:"200" doc:"What was looked for."`
}

// whole shows everything about a case.
func (e erasures) whole(ctx context.Context, found erasure.Case) (*wholeErasureAnswer, error) {
	out := &wholeErasureAnswer{}
	out.Body.ErasureBody, out.Body.Stores, out.Body.Left = bodyOfErasure(found), []storeBody{}, []remainderBody{}

	if found.Plan > 0 {
		planned, err := erasure.PlanOf(ctx, e.db, found)
		if err != nil {
			return nil, err
		}

		out.Body.Plan = bodyOfPlan(planned)
	}

	stores, err := erasure.StoresOf(ctx, e.db, found.ID)
	if err != nil {
		return nil, err
	}

	for _, each := range stores {
		body := storeBody{
			Store: each.Store, Outcome: string(each.Outcome.Kind), Count: each.Outcome.Count, Code: each.Outcome.Code,
			GoneBy: known(each.GoneBy),
		}
		for _, part := range each.Outcome.Parts {
			body.Parts = append(body.Parts, partBody{Outcome: string(part.Kind), Count: part.Count, Basis: part.Basis, For: part.For})
		}

		if body.Code == "" {
			body.Code = string(each.GoneCode)
		}

		out.Body.Stores = append(out.Body.Stores, body)
	}

	left, err := erasure.RemaindersOf(ctx, e.db, found.ID)
	for _, each := range left {
		out.Body.Left = append(out.Body.Left, remainderBody{Store: each.Store, Place: each.Place, Rows: each.Rows, Why: each.Why})
	}

	return out, err
}

func bodyOfPlan(planned erasure.Planning) *planBody {
	body := &planBody{SHA256: planned.SHA256, Text: planned.Text, MadeAt: planned.MadeAt, Map: planned.Plan.Map, Steps: []stepBody{}}

	for _, each := range planned.Plan.Steps {
		body.Steps = append(body.Steps, stepBody{
			Store: each.Store, Place: each.Place, Action: string(each.Action), Columns: each.Columns, Rows: each.Rows, Basis: each.Basis,
			Until: each.Until,
		})
	}

	return body
}

// failed gives an error that has no code one.
func failed(err error, op string) error { return failure.Wrap(failure.Unavailable, op, err) }
