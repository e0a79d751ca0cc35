package main

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/account"
	"steward/internal/act"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/idempotency"
	"steward/internal/postgres"
	"steward/internal/task"
)

// tagAccounts is the group of the operations about accounts.
const tagAccounts = "accounts"

// accounts are the accounts that Steward knows, each by its id.
type accounts struct {
	db       *postgres.DB
	clock    clocks.Clock
	resolver *account.Resolver
	// registrar registers new accounts of many callers together.
	registrar *account.Registrar
	keep      periods
}

func (a accounts) register(r *router) {
	registerQuick(r, huma.Operation{
		OperationID: "create-account", Method: http.MethodPost, Path: "/v1/accounts", Tags: []string{tagAccounts},
		DefaultStatus: http.StatusCreated,
		Summary:       "Register an account",
		Description: "Tells Steward of an account. An integer or a UUID is its id as it is; of any other key only a keyed hash is kept, and " +
			"the answer has the id that Steward gives it. An account that is there already stays as it is, but for an earlier time of " +
			"creation; the answer tells its state and these times, the rest takes get-account.",
		Errors: []int{http.StatusGone},
	}, a.createFresh, a.create)
	register(r, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/v1/accounts/{id}", Tags: []string{tagAccounts},
		Summary: "Show an account", Description: "A look of a member of staff is noted in the access log.", Errors: []int{http.StatusNotFound},
	}, a.get)
	register(r, huma.Operation{
		OperationID: "delete-account", Method: http.MethodDelete, Path: "/v1/accounts/{id}", Tags: []string{tagAccounts},
		DefaultStatus: http.StatusAccepted,
		Summary:       "Ask for an account to be deleted",
		Description: "Opens a task: a person decides. Nothing is deleted by this call alone, whoever makes it. Asked again while the task is " +
			"open, it is the same task, and the same act of that member of staff. Each of their calls is noted in the access log.",
		Errors: []int{http.StatusNotFound, http.StatusGone},
	}, a.delete)
}

// accountPath is the path of one account.
type accountPath struct {
	ID string `path:"id" maxLength:"36" pattern:"^(0|[1-9][0-9]{0,18}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|acc_[a-z2-7]{26})$" doc:"The account's id."` //nolint:lll // a tag cannot be broken
}

// accountAnswer is an account as it is shown.
type accountAnswer struct {
	Body accountBody
}

// accountBody is what Steward knows of an account.
type accountBody struct {
	ID                string     `json:"id" maxLength:"36" doc:"The app's integer or UUID, or the id that Steward gave."`
	State             string     `json:"state" enum:"alive,closing,closed" doc:"How far it has come; news make a closing account alive again."`
	RegisteredAt      time.Time  `json:"registered_at" doc:"When Steward first heard of it."`
	CreatedAt         *time.Time `json:"created_at,omitempty" doc:"When it began in the app, if the app said so."`
	LastInteractionAt *time.Time `json:"last_interaction_at,omitempty" doc:"The newest sign of life of a user."`
	Subscribed        bool       `json:"subscribed" doc:"The newest word on the subscription is not that it ends."`
	PaidAt            *time.Time `json:"paid_at,omitempty" doc:"The newest payment."`
	PaidUntil         *time.Time `json:"paid_until,omitempty" doc:"Until when the subscription is paid, by the newest event that says so."`
	CancelledAt       *time.Time `json:"cancelled_at,omitempty" doc:"The newest cancellation."`
	ClosingAt         *time.Time `json:"closing_at,omitempty" doc:"When its closing began."`
	ClosedAt          *time.Time `json:"closed_at,omitempty" doc:"When it was closed for good."`
	DeletionTask      string     `json:"deletion_task,omitempty" maxLength:"30" doc:"The open task that decides whether it is deleted."`
}

func bodyOf(found account.Account) accountBody {
	return accountBody{
		ID: found.ID, State: string(found.State), RegisteredAt: found.RegisteredAt, CreatedAt: known(found.CreatedAt),
		LastInteractionAt: known(found.LastInteractionAt), Subscribed: found.Subscribed(), PaidAt: known(found.PaidAt),
		PaidUntil: known(found.PaidUntil), CancelledAt: known(found.CancelledAt), ClosingAt: known(found.ClosingAt),
		ClosedAt: known(found.ClosedAt),
	}
}

// newAccount is what the app tells of an account.
type newAccount struct {
	Body struct {
		Account   string     `json:"account" minLength:"1" maxLength:"254" doc:"The app's key of the account, as text."`
		CreatedAt *time.Time `json:"created_at,omitempty" doc:"When it began in the app."`
	}
}

// ensureID is the id under which an account is to be registered.
func ensureID(ctx context.Context, resolver *account.Resolver, text string, asOf time.Time) (string, error) {
	key, err := account.ParseKey(text)
	if err != nil {
		return "", err
	}

	found, err := resolver.Ensure(ctx, []account.Key{key}, asOf)
	if err != nil {
		return "", err
	}

	if found[0] == "" {
		return "", failure.New(failure.AccountKeyRefused, "registering an account under an id that Steward never gave")
	}

	return found[0], nil
}

// knownID is the id under which an account can be registered without giving one: empty
// where one has to be given, or Steward never gave this one.
func knownID(ctx context.Context, resolver *account.Resolver, text string) (string, error) {
	key, err := account.ParseKey(text)
	if err != nil {
		return "", err
	}

	found, err := resolver.Find(ctx, []account.Key{key})
	if err != nil {
		return "", err
	}

	return found[0], nil
}

// createFresh registers an account that was not there, for a request that was not
// seen before, together with those of other callers. It gives no id: what the careful
// way then refuses takes the id back with it.
func (a accounts) createFresh(ctx context.Context, asked idempotency.Request, in *newAccount) (*registeredAnswer, error) {
	asOf := a.clock.Now().Truncate(time.Microsecond)

	id, err := knownID(ctx, a.resolver, in.Body.Account)
	if err != nil || id == "" {
		return nil, err
	}

	created, err := account.Plausible(given(in.Body.CreatedAt), asOf)
	if err != nil {
		return nil, err
	}

	created = created.Truncate(time.Microsecond)
	made := &registeredAnswer{Body: registeredOf(account.Account{ID: id, State: account.Alive, RegisteredAt: asOf, CreatedAt: created})}

	answer, err := json.Marshal(made) //nolint:musttag // read again into the same type, whose one member is the body
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "writing the answer", err)
	}

	request, err := idempotency.Prepare(asked, answer, asOf, a.keep.answers)
	if err != nil {
		return nil, err
	}

	fresh, err := a.registrar.Register(ctx, account.Registration{ID: id, CreatedAt: created, At: asOf, Request: request})
	if err != nil {
		return nil, err
	}

	if !fresh {
		// One reason may be that the id was taken back by a restore.
		if key, err := account.ParseKey(in.Body.Account); err == nil {
			a.resolver.Forget(key)
		}

		return nil, nil //nolint:nilnil // not made here: the careful way goes on
	}

	return made, nil
}

// create registers an account that may be there, or finds the first answer.
func (a accounts) create(ctx context.Context, tx postgres.Tx, in *newAccount) (*registeredAnswer, error) {
	asOf := a.clock.Now()

	id, err := ensureID(ctx, a.resolver.In(tx), in.Body.Account, asOf)
	if err != nil {
		return nil, err
	}

	made, _, err := account.Register(ctx, tx, id, given(in.Body.CreatedAt), asOf)

	return &registeredAnswer{Body: registeredOf(made)}, err
}

func (a accounts) get(ctx context.Context, in *accountPath) (*accountAnswer, error) {
	id, err := idOf(in.ID)
	if err != nil {
		return nil, err
	}

	found, err := account.Get(ctx, a.db, id)
	if err != nil {
		return nil, err
	}

	open, is, err := task.OpenOf(ctx, a.db, task.DeleteAccount, id)
	if err != nil {
		return nil, err
	}

	// Before it is shown: a look that could not be noted is none.
	if err := accesslog.Look(ctx, a.db, "get-account", id, a.clock.Now(), a.keep.looks); err != nil {
		return nil, err
	}

	out := &accountAnswer{Body: bodyOf(found)}
	if is {
		out.Body.DeletionTask = open.ID
	}

	return out, nil
}

// idOf is the id of an account in a path, a UUID in lower case.
func idOf(text string) (string, error) {
	key, err := account.ParseKey(text)
	if err != nil {
		return "", err
	}

	id, is := key.ID()
	if !is {
		return "", failure.New(failure.AccountUnknown, "looking for an account")
	}

	return id, nil
}

// given is a time that a caller may leave out. One that is written as the zero time
// is given all the same, and too early for anything.
func given(at *time.Time) time.Time {
	switch {
	case at == nil:
		return time.Time{}
	case at.IsZero():
		return at.Add(1)
	default:
		return *at
	}
}

// deletionAnswer names the task that decides.
type deletionAnswer struct {
	Location string `header:"Location" doc:"The path of the task."`
	Body     taskBody
}

// delete opens the task, or finds the open one. What a member of staff asks is an act, once
// for a task, since who repeats it may only have lost the answer; what they are told of an
// account is a look, each time. Both are noted in the same transaction: a crash before the
// commit leaves nothing of it.
func (a accounts) delete(ctx context.Context, in *accountPath) (*deletionAnswer, error) {
	id, err := idOf(in.ID)
	if err != nil {
		return nil, err
	}

	asOf := a.clock.Now()

	var (
		found  account.Account
		opened task.Task
	)

	err = a.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if found, err = account.Get(ctx, tx, id); err != nil {
			return err
		}

		if err := accesslog.Look(ctx, tx, "delete-account", id, asOf, a.keep.looks); err != nil {
			return err
		}

		// That it is gone is told once the look has committed.
		if found.State == account.Closed {
			return nil
		}

		opened, err = askToDelete(ctx, tx, id, asOf)

		return err
	})

	switch {
	case err != nil:
		return nil, failure.Wrap(failure.Unavailable, "asking for an account to be deleted", err)
	case found.State == account.Closed:
		return nil, failure.New(failure.AccountGone, "asking for an account to be deleted")
	}

	return &deletionAnswer{Location: "/v1/tasks/" + opened.ID, Body: bodyOfTask(opened, asOf)}, nil
}

// askToDelete opens the task, with the act of a member of staff.
func askToDelete(ctx context.Context, tx postgres.Tx, id string, asOf time.Time) (task.Task, error) {
	who := caller(ctx)

	opened, _, err := task.Open(ctx, tx, task.Opening{Kind: task.DeleteAccount, Subject: id, By: who.ID, At: asOf})
	if err != nil || who.Kind != access.Staff {
		return opened, err
	}

	_, err = act.RecordOnce(ctx, tx, who, act.What{Verb: "account.delete", Object: opened.ID}, asOf)

	return opened, err
}
