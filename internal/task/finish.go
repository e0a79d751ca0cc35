package task

import (
	"context"
	"time"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Keep is how long a task that is done stays on record, where the policy says
// nothing else: two years, so that who decided what can be asked for as long as
// claims about it are usual.
const Keep = 2 * 365 * day

// Finishing says who did a task, and how it ended.
type Finishing struct {
	// Task is its id.
	Task string
	// By is the opaque id of the member of staff, Role what they are there for.
	By   string
	Role access.Role
	// Outcome is one of those of the kind.
	Outcome string
	At      time.Time
	// Keep is how long the record stays from then on.
	Keep time.Duration
}

// Finish notes that a task is done. Asked again with the same outcome by the same
// member of staff it changes nothing; fresh tells the first time. It fails with
// TaskUnknown, with TaskNotYours for a role that does not do such tasks, with
// OutcomeRefused for an outcome that the kind does not have, or a kind that ends by what it asks for
// alone, and with TaskDone
// where it ended otherwise. A crash before the caller's commit leaves it open.
func Finish(ctx context.Context, q postgres.Queryer, by Finishing) (finished Task, fresh bool, err error) {
	found, err := Get(ctx, q, by.Task)
	if err != nil {
		return Task{}, false, err
	}

	row, known := FindKind(found.Kind)

	switch {
	case !MayFinish(found.Role, by.Role):
		return Task{}, false, failure.New(failure.TaskNotYours, "finishing a task")
	case !known || row.Closed || !row.ends(by.Outcome):
		return Task{}, false, failure.New(failure.OutcomeRefused, "finishing a task")
	}

	touched, err := q.Exec(ctx, `update tasks set done_at = $2, done_by = $3, outcome = $4, ends_at = $5 where id = $1 and done_at is null`,
		by.Task, by.At, by.By, by.Outcome, by.At.Add(by.Keep))
	if err != nil {
		return Task{}, false, failure.Wrap(failure.Unavailable, "finishing a task", err)
	}

	finished, err = Get(ctx, q, by.Task)
	if err == nil && touched == 0 && (finished.DoneBy != by.By || finished.Outcome != by.Outcome) {
		err = failure.New(failure.TaskDone, "finishing a task")
	}

	return finished, touched > 0, err
}

// Close ends the open task of a kind about a subject, since what it asks for was done:
// by whom and how says the caller, in the transaction in which it was done. Without such a task nothing changes.
func Close(ctx context.Context, q postgres.Queryer, kind Kind, subject, by, outcome string, at time.Time, keep time.Duration) error {
	_, err := q.Exec(ctx, `update tasks set done_at = greatest($5, opened_at), done_by = $3, outcome = $4, ends_at = $6
		where kind = $1 and subject = $2 and done_at is null`, string(kind), subject, by, outcome, at, at.Add(keep))

	return failure.Wrap(failure.Unavailable, "closing a task", err)
}
