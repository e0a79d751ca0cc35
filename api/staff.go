package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/staff"
)

// members are the staff.
type members struct {
	db    *postgres.DB
	clock clocks.Clock
	// changed is called once somebody may do other things than before: also what is new is
	// not known before it.
	changed func()
}

func (m members) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-staff", Method: http.MethodGet, Path: "/v1/staff", Tags: []string{credentialsTag},
		Summary: "List the staff", Description: "Lists every member of staff, those whose access ended too.",
	}, m.list)
	registerCreate(r, huma.Operation{
		OperationID: "create-staff", Method: http.MethodPost, Path: "/v1/staff", Tags: []string{credentialsTag},
		DefaultStatus: http.StatusCreated, Summary: "Give somebody an access of their own",
		Description: "Adds a member of staff. The answer holds their token, this once. Until they have renewed it, it is good for that only.",
	}, m.create, m.changed)
	register(r, huma.Operation{
		OperationID: "change-staff", Method: http.MethodPatch, Path: "/v1/staff/{id}", Tags: []string{credentialsTag},
		Summary: "Give somebody another role", Description: "It counts from now on. Nobody changes the own role.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, m.change)
	register(r, huma.Operation{
		OperationID: "end-staff", Method: http.MethodDelete, Path: "/v1/staff/{id}", Tags: []string{credentialsTag},
		Summary:     "End somebody's access at once",
		Description: "Every process refuses their tokens from now on. Ending it again changes nothing. Nobody ends the own access.",
		Errors:      []int{http.StatusNotFound},
	}, m.end)
	registerCreate(r, huma.Operation{
		OperationID: "rotate-staff-token", Method: http.MethodPost, Path: "/v1/staff/{id}/tokens", Tags: []string{credentialsTag},
		DefaultStatus: http.StatusCreated, Summary: "Make another token for somebody",
		Description: "Their tokens from before still hold for the overlap. The answer holds the token, this once. Until they have " +
			"renewed it, it is good for that only.",
		Errors: []int{http.StatusNotFound},
	}, m.rotate, m.changed)
}

// Member is one member of staff.
type Member struct {
	ID        string     `json:"id" maxLength:"80" doc:"Opaque; acts and the ledger name it."`
	Handle    string     `json:"handle" maxLength:"80" doc:"What operators call the access."`
	Role      role       `json:"role" doc:"What they are there for."`
	State     string     `json:"state" enum:"holds,expired,ended" doc:"Whether they can act: expired is who has no token that holds."`
	Since     time.Time  `json:"since" doc:"When the access began."`
	EndedAt   *time.Time `json:"ended_at,omitempty" doc:"When it ended."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" doc:"When the last of their tokens expires."`
}

// memberToken is a member of staff with a token.
type memberToken struct {
	Member

	Token string `json:"token" maxLength:"200" doc:"The token itself, shown this once."`
}

func memberOf(of staff.Member, now time.Time) Member {
	state := "expired"

	switch {
	case !of.EndedAt.IsZero():
		state = "ended"
	case now.Before(of.ExpiresAt):
		state = "holds"
	}

	return Member{
		ID: of.ID, Handle: of.Handle, Role: role(of.Role), State: state, Since: of.Since,
		EndedAt: known(of.EndedAt), ExpiresAt: known(of.ExpiresAt),
	}
}

type membersAnswer struct {
	Body struct {
		page.Next

		Staff []Member `json:"staff" maxItems:"500" doc:"In no order that says anything."`
	}
}

func (m members) list(ctx context.Context, in *page.Query) (*membersAnswer, error) {
	out := &membersAnswer{}
	out.Body.Staff = []Member{}

	found, next, err := byID(ctx, m.db, "staff", in, staff.List, func(each staff.Member) string { return each.ID })
	out.Body.Next = next

	for _, each := range found {
		out.Body.Staff = append(out.Body.Staff, memberOf(each, m.clock.Now()))
	}

	return out, err
}

type createStaffInput struct {
	Body struct {
		Handle string `json:"handle" minLength:"2" maxLength:"32" pattern:"^[a-z][a-z0-9-]{1,31}$" doc:"Such as support-2; not a name."`
		Role   role   `json:"role" doc:"What they are there for."`
		Days   *int   `json:"days,omitempty" minimum:"1" maximum:"365" doc:"For how many days the token holds; 90 without it."`
	}
}

type memberTokenAnswer struct {
	Body memberToken
}

func (m members) create(ctx context.Context, tx postgres.Tx, in *createStaffInput) (*memberTokenAnswer, error) {
	now := m.clock.Now()
	made, token, err := staff.Join(ctx, tx, caller(ctx), staff.New{
		Handle: in.Body.Handle, Role: access.Role(in.Body.Role), Lasts: span(in.Body.Days, dayLong),
	}, now)

	return madeToken(made, token, now), err
}

func madeToken(of staff.Member, token credential.Token, now time.Time) *memberTokenAnswer {
	return &memberTokenAnswer{Body: memberToken{Member: memberOf(of, now), Token: token.Reveal()}}
}

type rotateStaffInput struct {
	ID   string `path:"id" maxLength:"30" pattern:"^stf_[a-z2-7]{26}$" doc:"The member of staff."`
	Body rotation
}

func (m members) rotate(ctx context.Context, tx postgres.Tx, in *rotateStaffInput) (*memberTokenAnswer, error) {
	now := m.clock.Now()
	made, token, err := staff.Renew(ctx, tx, caller(ctx), in.ID, span(in.Body.OverlapHours, time.Hour), now)

	return madeToken(made, token, now), err
}

type changeStaffInput struct {
	ID   string `path:"id" maxLength:"30" pattern:"^stf_[a-z2-7]{26}$" doc:"The member of staff."`
	Body struct {
		Role role `json:"role" doc:"What they are there for from now on."`
	}
}

type memberAnswer struct {
	Body Member
}

func (m members) change(ctx context.Context, in *changeStaffInput) (*memberAnswer, error) {
	return m.do(ctx, "changing a role", func(ctx context.Context, tx postgres.Tx, now time.Time) (staff.Member, error) {
		return staff.Assign(ctx, tx, caller(ctx), in.ID, access.Role(in.Body.Role), now)
	})
}

type staffInput struct {
	ID string `path:"id" maxLength:"30" pattern:"^stf_[a-z2-7]{26}$" doc:"The member of staff."`
}

func (m members) end(ctx context.Context, in *staffInput) (*memberAnswer, error) {
	return m.do(ctx, "ending an access", func(ctx context.Context, tx postgres.Tx, now time.Time) (staff.Member, error) {
		return staff.Leave(ctx, tx, caller(ctx), in.ID, now)
	})
}

// do changes a member of staff in a transaction.
func (m members) do(ctx context.Context, what string,
	work func(ctx context.Context, tx postgres.Tx, now time.Time) (staff.Member, error),
) (*memberAnswer, error) {
	var out *memberAnswer

	err := m.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		now := m.clock.Now()
		changed, err := work(ctx, tx, now)
		out = &memberAnswer{Body: memberOf(changed, now)}

		return err
	})

	m.changed() // whatever became of the commit

	return out, unavailable(what, err)
}

// unavailable gives a failure of the database its code; any other keeps its own.
func unavailable(what string, err error) error { return failure.Wrap(failure.Unavailable, what, err) }
