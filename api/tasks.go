package main

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/act"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
	"steward/internal/task"
)

// tagTasks is the group of the operations about tasks.
const tagTasks = "tasks"

// tasks are what people must do.
type tasks struct {
	db    *postgres.DB
	clock clocks.Clock
	keep  periods
	// erasures opens the erasure that an accepted task leads to.
	erasures erasures
}

func (t tasks) register(r *router) {
	register(r, huma.Operation{
		OperationID: "list-tasks", Method: http.MethodGet, Path: "/v1/tasks", Tags: []string{tagTasks},
		Summary:     "List tasks",
		Description: "Those that are open, the most urgent first, or those that are done, the newest first.",
	}, t.list)
	register(r, huma.Operation{
		OperationID: "get-task", Method: http.MethodGet, Path: "/v1/tasks/{id}", Tags: []string{tagTasks},
		Summary: "Show a task", Errors: []int{http.StatusNotFound},
	}, t.get)
	register(r, huma.Operation{
		OperationID: "finish-task", Method: http.MethodPost, Path: "/v1/tasks/{id}/outcome", Tags: []string{tagTasks},
		DefaultStatus: http.StatusOK,
		Summary:       "Say how a task ended",
		Description: "Whoever has the role of the task may, and a lead in the place of support. It is an act of staff, recorded with its " +
			"outcome. Said again with the same outcome by the same person, it changes nothing. To accept that an account is to be " +
			"deleted opens its erasure, whose plan another person approves.",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, t.finish)
}

type taskPath struct {
	ID string `path:"id" maxLength:"30" pattern:"^tsk_[a-z2-7]{26}$" doc:"The task's id."`
}

// taskBody is a task as it is shown.
type taskBody struct {
	ID       string     `json:"id" maxLength:"30" doc:"Opaque."`
	Kind     string     `json:"kind" maxLength:"40" doc:"What is to be done, as a code."`
	Text     string     `json:"text" maxLength:"200" doc:"The same in words."`
	Subject  string     `json:"subject" maxLength:"40" doc:"The opaque id of what it is about."`
	Role     role       `json:"role" doc:"Whose task it is."`
	OpenedBy string     `json:"opened_by" maxLength:"40" doc:"The opaque id of who asked, or steward."`
	OpenedAt time.Time  `json:"opened_at" doc:"When it was opened."`
	DueAt    time.Time  `json:"due_at" doc:"By when it is to be done."`
	Overdue  bool       `json:"overdue" doc:"It is open past that time."`
	Outcomes []string   `json:"outcomes" maxItems:"20" maxLength:"40" doc:"How it may end."`
	DoneAt   *time.Time `json:"done_at,omitempty" doc:"When it was done."`
	DoneBy   string     `json:"done_by,omitempty" maxLength:"40" doc:"The opaque id of who did it."`
	Outcome  string     `json:"outcome,omitempty" maxLength:"40" doc:"How it ended."`
}

func bodyOfTask(found task.Task, asOf time.Time) taskBody {
	row, _ := task.FindKind(found.Kind)

	return taskBody{
		ID: found.ID, Kind: string(found.Kind), Text: row.Text, Subject: found.Subject, Role: role(found.Role), OpenedBy: found.OpenedBy,
		OpenedAt: found.OpenedAt, DueAt: found.DueAt, Overdue: found.Overdue(asOf), Outcomes: append([]string{}, row.Outcomes...),
		DoneAt: known(found.DoneAt), DoneBy: found.DoneBy, Outcome: found.Outcome,
	}
}

type tasksQuery struct {
	page.Query

	State   string `query:"state" enum:"open,done" default:"open" doc:"Which are wanted."`
	Kind    string `query:"kind" maxLength:"40" pattern:"^[a-z]+([._][a-z]+)*$" doc:"Only those of this kind."`
	Role    string `query:"role" enum:"support,lead,operator,auditor" doc:"Only those of this role."`
	Subject string `query:"subject" maxLength:"40" pattern:"^[A-Za-z0-9_-]+$" doc:"Only those about this opaque id."`
}

type tasksAnswer struct {
	Body struct {
		page.Next

		Tasks []taskBody `json:"tasks" maxItems:"500" doc:"In the order of the state that is wanted."`
	}
}

func (t tasks) list(ctx context.Context, in *tasksQuery) (*tasksAnswer, error) {
	// A cursor of one list is none of the other.
	name := "tasks-" + in.State

	after, err := placeOf(name, in.Cursor, "tsk")
	if err != nil {
		return nil, err
	}

	found, err := task.List(ctx, t.db, task.Filter{
		Done: in.State == "done", Kind: task.Kind(in.Kind), Role: access.Role(in.Role), Subject: in.Subject, After: after, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}

	out := &tasksAnswer{}

	found, out.Body.Next, err = page.Cut(name, found, in.Limit, task.Task.Place)
	if err != nil {
		return nil, err
	}

	subjects := make([]string, 0, len(found))
	for _, each := range found {
		subjects = append(subjects, each.Subject)
	}

	// Before they are shown: a look that could not be noted is none.
	if err := accesslog.LookAll(ctx, t.db, "list-tasks", subjects, t.clock.Now(), t.keep.looks); err != nil {
		return nil, err
	}

	out.Body.Tasks = []taskBody{}
	for _, each := range found {
		out.Body.Tasks = append(out.Body.Tasks, bodyOfTask(each, t.clock.Now()))
	}

	return out, nil
}

type taskAnswer struct {
	Body taskBody
}

func (t tasks) get(ctx context.Context, in *taskPath) (*taskAnswer, error) {
	found, err := task.Get(ctx, t.db, in.ID)
	if err != nil {
		return nil, err
	}

	if err := accesslog.Look(ctx, t.db, "get-task", found.Subject, t.clock.Now(), t.keep.looks); err != nil {
		return nil, err
	}

	return &taskAnswer{Body: bodyOfTask(found, t.clock.Now())}, nil
}

type taskOutcome struct {
	ID   string `path:"id" maxLength:"30" pattern:"^tsk_[a-z2-7]{26}$" doc:"The task's id."`
	Body struct {
		Outcome string `json:"outcome" minLength:"1" maxLength:"40" pattern:"^[a-z_]+$" doc:"One of the outcomes of the task's kind."`
		//nolint:lll // one tag
		Account string `json:"account,omitempty" maxLength:"254" doc:"To accept a deletion where Steward gave the account its id: the account as the app writes it."`
	}
}

// finish notes the outcome and the act in one transaction. A crash before the commit
// leaves the task open.
func (t tasks) finish(ctx context.Context, in *taskOutcome) (*taskAnswer, error) {
	who, asOf := caller(ctx), t.clock.Now()

	var finished task.Task

	err := t.db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		var fresh bool

		finished, fresh, err = task.Finish(ctx, tx, task.Finishing{
			Task: in.ID, By: who.ID, Role: who.Role, Outcome: in.Body.Outcome, At: asOf, Keep: t.keep.done,
		})
		if err != nil || !fresh {
			return err
		}

		if _, err = act.Record(ctx, tx, who, act.What{Verb: task.Verb(in.Body.Outcome), Object: in.ID}, asOf); err != nil {
			return err
		}

		return t.follow(ctx, tx, finished, in.Body.Account)
	})
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "finishing a task", err)
	}

	return &taskAnswer{Body: bodyOfTask(finished, asOf)}, nil
}

// follow begins what an outcome leads to.
func (t tasks) follow(ctx context.Context, tx postgres.Tx, finished task.Task, key string) error {
	if finished.Kind != task.DeleteAccount || finished.Outcome != task.Accepted {
		return nil
	}

	subject, err := t.erasures.subjects.account(ctx, key, finished.Subject)
	if err != nil {
		return err
	}

	_, err = t.erasures.open(ctx, tx, erasure.Opening{
		Cause: finished.ID, Reason: erasure.AccountDelete, Kind: plan.Account, Account: finished.Subject, Key: subject.key,
		AskedBy: finished.OpenedBy, OpenedBy: finished.DoneBy,
	})

	return err
}
