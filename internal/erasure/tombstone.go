package erasure

import (
	"context"
	"time"

	"steward/internal/account"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// freshCheck is how long the last re-check counts: the tombstone follows it at once, and
// what was down in between looks again.
const freshCheck = 10 * time.Minute

// oldLooks is how often a look may be too old before a person is asked: whatever was down is up again by then, and
// clocks that are apart do not come together by themselves.
const oldLooks = 3

// CommitTombstone decides a closing for good, if everything that was needed still holds
// at this moment: approval, no hold, nobody who cancelled, a re-check of just now, and an account
// without a sign of life since its approval. Account, stage and the ledger's entry are one
// transaction: a crash before its commit leaves a closing that can be taken back, a crash after it an
// erasure that goes on.
//
// Where something speaks against it, the closing is taken back, and that is no failure.
func (j Judge) CommitTombstone(ctx context.Context, id string) (Seen, error) {
	return j.step(ctx, id, "deciding an erasure for good", func(ctx context.Context, tx postgres.Tx, of Case) error {
		at := j.Clock.Now()

		if of.Stage != Closing || of.BackTo != "" {
			return nil
		}

		facts, err := j.factsOf(ctx, tx, of)
		if err != nil {
			return err
		}

		switch decided := Decide(facts); {
		case decided.BackTo != "":
			return back(ctx, tx, of, decided.BackTo, at)
		case !facts.Enforced || facts.NeedsApproval && !facts.Approved:
			return back(ctx, tx, of, Requested, at)
		case of.RecheckedAt.IsZero():
			return nil // it stays a closing, and is looked at
		case at.Sub(of.RecheckedAt) > freshCheck || of.RecheckedAt.After(at.Add(freshCheck)):
			return lookAgain(ctx, tx, of)
		}

		return j.tombstone(ctx, tx, of, at)
	})
}

// lookAgain leaves a closing whose last look is too old what it is, to be looked at once more. One that was too old each
// time is taken back and blocked: the clock of who looks is not that of who decides, or a look takes longer than it counts.
func lookAgain(ctx context.Context, tx postgres.Tx, of Case) error {
	_, err := tx.Exec(ctx, `update erasures set rechecked_at = null, old_looks = old_looks + 1,
			back_to = case when old_looks + 1 < $2 then '' else 'blocked' end, code = case when old_looks + 1 < $2 then '' else $3 end
		where id = $1 and stage = 'closing'`, of.ID, oldLooks, string(failure.RecheckOld))

	return failure.Wrap(failure.Unavailable, "having a subject looked at once more", err)
}

func (j Judge) tombstone(ctx context.Context, tx postgres.Tx, of Case, at time.Time) error {
	err := closeAccount(ctx, tx, of, at)
	if failure.Is(err, failure.AccountChanged) {
		return back(ctx, tx, of, Requested, at)
	}

	if err != nil {
		return err
	}

	planned, err := PlanOf(ctx, tx, of)
	if err != nil {
		return err
	}

	made, err := tombstone.Commit(ctx, tx, tombstone.Facts{Erasure: of.ID, Cause: string(of.Reason), Plan: planned.SHA256, At: at})
	if err != nil {
		return err
	}

	return j.move(ctx, tx, of, Tombstoned, at, `, tombstone = $5`, string(made.Entry))
}

// closeAccount closes the account for good. It fails with AccountChanged where there was
// a sign of life since the closing began: that made it alive, and this case is not closing it.
func closeAccount(ctx context.Context, tx postgres.Tx, of Case, at time.Time) error {
	if of.Kind != plan.Account {
		return nil
	}

	return account.Close(ctx, tx, of.Account, of.ID, at)
}

// AwaitSeal takes a tombstoned case to its execution once both copies of the ledger were
// seen to hold the tombstone. It fails with TimedOut where ctx ends before that, which is tried again,
// and with EvidenceMissing where the ledger has no such entry.
func (j Judge) AwaitSeal(ctx context.Context, id string) (Seen, error) {
	found, err := Get(ctx, j.Steward, id)
	if err != nil || found.Stage != Tombstoned {
		return seenOf(found), err
	}

	if _, err := tombstone.WaitSealed(ctx, j.Steward, j.Waiter, id, j.Clock.Now); err != nil {
		return Seen{}, err
	}

	return j.step(ctx, id, "beginning an erasure", func(ctx context.Context, tx postgres.Tx, of Case) error {
		if of.Stage != Tombstoned {
			return nil
		}

		return j.move(ctx, tx, of, Executing, j.Clock.Now(), ``)
	})
}
