package erasure

import (
	"context"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/task"
)

// OpenVerb is the verb of the act by which a member of staff opens a case.
const OpenVerb = "erasure.open"

// openedTogether is how far apart a case and its act may be. They are of one transaction and one clock; an hour leaves room for a
// clock that is set meanwhile, and for no act of another day.
const openedTogether = time.Hour

// Asking is what the database holds of what a case was opened for.
type Asking struct {
	// Task is the one that the cause names; zero where there is none.
	Task task.Task
	// Act is that of who opened the case, or accepted the task; zero where there is none.
	Act act.Act
}

// For reports whether somebody who may has asked for a case, and for this one: that is what lets it begin, and not that there
// is a row of it, which whoever has the API's login of the database can insert.
func (a Asking) For(of Case) bool {
	row, known := FindReason(of.Reason)
	if !known || !a.done(of) {
		return false
	}

	switch row.Origin {
	case ByTask:
		return a.Act.Verb == task.Verb(task.Accepted) && a.Act.Object == of.Cause && a.accepted(of)
	case ByAct:
		return a.Act.Verb == OpenVerb && a.Act.Object == of.ID && a.Act.ID == of.Cause && of.AskedBy == of.OpenedBy
	default:
		return false
	}
}

// done reports whether the act is one that ended well, of who opened the case, when they did, in a role that may.
func (a Asking) done(of Case) bool {
	return a.Act.ID != "" && a.Act.Outcome == act.Done && a.Act.Staff == of.OpenedBy && a.Act.At.Sub(of.OpenedAt).Abs() <= openedTogether &&
		task.MayFinish(access.Support, a.Act.Role)
}

// accepted reports whether the task is the one to delete the account of the case, of who asked for it, done by who opened the case.
func (a Asking) accepted(of Case) bool {
	t := a.Task

	return t.ID == of.Cause && t.Kind == task.DeleteAccount && of.Kind == plan.Account && t.Subject == of.Account &&
		t.Outcome == task.Accepted && t.OpenedBy == of.AskedBy && t.DoneBy == of.OpenedBy
}

// askingOf reads what a case was opened for. What is not there is no failure: it asks for nothing.
func askingOf(ctx context.Context, q postgres.Queryer, of Case) (found Asking, err error) {
	if !ids.Valid("tsk", of.Cause) {
		found.Act, err = act.Get(ctx, q, of.Cause)

		return found, besides(err, failure.EvidenceMissing)
	}

	if found.Task, err = task.Get(ctx, q, of.Cause); err != nil {
		return found, besides(err, failure.TaskUnknown)
	}

	found.Act, err = act.Find(ctx, q, act.What{Verb: task.Verb(task.Accepted), Object: of.Cause}, of.OpenedBy)

	return found, besides(err, failure.EvidenceMissing)
}

// besides is an error, unless it only says that something is not there.
func besides(err error, missing failure.Code) error {
	if failure.Is(err, missing) {
		return nil
	}

	return err
}
