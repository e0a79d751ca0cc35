package erasure

import (
	"context"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/task"
)

// The verbs of the acts on a case.
const (
	CancelVerb = "erasure.cancel"
	RetryVerb  = "erasure.retry"
)

// Cancel asks for a case to be stopped: it is, before its tombstone. Asked again it
// changes nothing. It fails with ErasureDecided from the tombstone on.
func Cancel(ctx context.Context, tx postgres.Tx, who access.Principal, id string, at time.Time) error {
	found, err := lock(ctx, tx, id)

	switch {
	case err != nil:
		return err
	case found.CancelAct != "":
		return nil
	case found.Tombstone != "" || found.Stage.Ended():
		return failure.New(failure.ErasureDecided, "cancelling an erasure")
	}

	for kind, outcome := range map[task.Kind]string{task.ApproveErasure: task.Refused, task.MendErasure: task.Mended} {
		if err := task.Close(ctx, tx, kind, id, who.ID, outcome, at, task.Keep); err != nil {
			return err
		}
	}

	return ask(ctx, tx, who, act.What{Verb: CancelVerb, Object: id}, `cancel_act`, at)
}

// Retry asks for a case that is blocked, that waits for a store which failed, or whose closing cannot be taken
// back, to be tried again. Asked again it changes nothing. It fails with ErasureMoved at any other stage.
func Retry(ctx context.Context, tx postgres.Tx, who access.Principal, id string, at time.Time) error {
	found, err := lock(ctx, tx, id)

	switch {
	case err != nil:
		return err
	case found.Stage != Blocked && found.Stage != Waiting && found.BackTo == "":
		return failure.New(failure.ErasureMoved, "trying an erasure again")
	case found.RetryAct != "":
		return nil
	}

	if err := task.Close(ctx, tx, task.MendErasure, id, who.ID, task.Mended, at, task.Keep); err != nil {
		return err
	}

	return ask(ctx, tx, who, act.What{Verb: RetryVerb, Object: id}, `retry_act`, at)
}

// ask records an act on a locked case and lets its workflow know.
func ask(ctx context.Context, tx postgres.Tx, who access.Principal, what act.What, column string, at time.Time) error {
	made, err := act.Record(ctx, tx, who, what, at)
	if err != nil {
		return err
	}

	_, err = tx.Exec(ctx, `update erasures set `+column+` = $2, news = true where id = $1`, what.Object, made)

	return failure.Wrap(failure.Unavailable, "noting an act on an erasure", err)
}
