package erasure

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/task"
)

// move takes a case from the stage in which it was read to another, and sets what else is
// named from $5 on. It fails with ErasureMoved where somebody was faster. A crash before
// the caller's commit leaves it where it was.
func move(ctx context.Context, q postgres.Queryer, of Case, to Stage, at time.Time, set string, args ...any) error {
	touched, err := q.Exec(ctx, `update erasures set stage = $1, staged_at = $2`+set+` where id = $3 and stage = $4`,
		append([]any{to, at, of.ID, of.Stage}, args...)...)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "moving an erasure on", err)
	}

	if touched == 0 {
		return failure.New(failure.ErasureMoved, "moving an erasure on")
	}

	if err := mended(ctx, q, of, to, at); err != nil {
		return err
	}

	return waitFor(ctx, q, of, to, at)
}

// mended closes the task to mend a case that goes on without anybody's word that it is mended: a hold
// stops it now, or its closing was taken back after all. Nobody else could close it then: it
// is closed in the name of the case.
func mended(ctx context.Context, q postgres.Queryer, of Case, to Stage, at time.Time) error {
	if to == Blocked || of.Stage != Blocked && of.BackTo == "" {
		return nil
	}

	return task.Close(ctx, q, task.MendErasure, of.ID, of.ID, task.Mended, at, task.Keep)
}

// waitFor opens the task for whoever must act before the case goes on.
func waitFor(ctx context.Context, q postgres.Queryer, of Case, to Stage, at time.Time) error {
	var kind task.Kind

	switch to {
	case AwaitingApproval:
		kind = task.ApproveErasure
	case Blocked:
		kind = task.MendErasure
	case Requested, Planned, Closing, Tombstoned, Executing, Verifying, Answered, Waiting, Done, Held, Cancelled, Observed:
		return nil
	default:
		return nil
	}

	return openTask(ctx, q, kind, of, at)
}

// openTask opens a task about a case, unless it is open.
func openTask(ctx context.Context, q postgres.Queryer, kind task.Kind, of Case, at time.Time) error {
	_, _, err := task.Open(ctx, q, task.Opening{Kind: kind, Subject: of.ID, By: "steward", At: at})

	return err
}

// Nudge says that there is news of a case: its workflow looks at it soon.
func Nudge(ctx context.Context, q postgres.Queryer, id string) error {
	_, err := q.Exec(ctx, `update erasures set news = true where id = $1 and ended_at is null`, id)

	return failure.Wrap(failure.Unavailable, "saying that there is news of an erasure", err)
}
