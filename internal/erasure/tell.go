package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/webhook"
)

// toldAs is the event that tells the app that a case has come to a stage. The other stages
// are told to nobody: they pass by themselves, wait for people of the company, or, as a legal
// hold does, concern only those who set them.
func toldAs(to Stage) (webhook.Type, bool) {
	switch to {
	case Waiting:
		return webhook.ErasureAnswered, true
	case Done:
		return webhook.ErasureDone, true
	case Blocked:
		return webhook.ErasureBlocked, true
	case Cancelled:
		return webhook.ErasureCancelled, true
	case Requested, Planned, AwaitingApproval, Closing, Tombstoned, Executing, Verifying, Answered, Held, Observed:
		return "", false
	default:
		return "", false
	}
}

// move takes a case to another stage as the function of this name does, and tells the app of
// it in the same transaction: a crash before its commit leaves neither, one after it both. Only one
// transaction leaves a stage, so that each move is told once. A case that is only planned is told to nobody,
// wherever it stops: nothing of its subject is erased.
func (j Judge) move(ctx context.Context, tx postgres.Tx, of Case, to Stage, at time.Time, set string, args ...any) error {
	if err := move(ctx, tx, of, to, at, set, args...); err != nil {
		return err
	}

	happened, told := toldAs(to)
	if !told || of.Mode != promise.Enforce {
		return nil
	}

	now, err := Get(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	return j.tell(ctx, tx, now, happened, at)
}

// tell queues the event of a case as it is now. That no endpoint wants it is no failure: the
// case is in the database for whoever asks.
func (j Judge) tell(ctx context.Context, tx postgres.Tx, of Case, happened webhook.Type, at time.Time) error {
	data := webhook.Erasure{
		Happened: happened, Erasure: of.ID, Cause: of.Cause, Kind: string(of.Kind), Stage: string(of.Stage), Code: of.Code,
		StoppedIn: string(of.StoppedIn), RequestedAt: of.OpenedAt, GoneBy: of.GoneBy,
	}
	if of.Kind == plan.Account {
		data.Account = of.Account
	}

	// A case may be blocked, or answered, more than once; never twice at one instant.
	cause := fmt.Sprintf("%s/%s/%d", happened, of.ID, at.UnixMicro())

	_, err := webhook.Emit(ctx, tx, webhook.Event{Cause: cause, Data: data, At: at}, j.KeepWebhooks)
	if errors.Is(err, webhook.ErrNobody) {
		return nil
	}

	return err
}
