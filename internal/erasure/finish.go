package erasure

import (
	"context"
	"time"

	"steward/internal/certificate"
	"steward/internal/erasure/goneby"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Record is how long the record of a case stays after its end where nothing else is said:
// two years, as that of a task.
const Record = 2 * 365 * 24 * time.Hour

// Answer signs the first certificate of a verified erasure, and takes the case to its wait
// for the day by which it is gone everywhere. What it retains is noted with it, until when. A crash leaves all of it, or nothing.
func (j Judge) Answer(ctx context.Context, id string) (Seen, error) {
	return j.step(ctx, id, "answering an erasure", func(ctx context.Context, tx postgres.Tx, of Case) error {
		if of.Stage != Answered {
			return nil
		}

		at := j.Clock.Now()
		if err := j.Certifier.certify(ctx, tx, of, certificate.First, at); err != nil {
			return err
		}

		if err := noteRetained(ctx, tx, of, j.Certifier.Zone); err != nil {
			return err
		}

		return j.move(ctx, tx, of, Waiting, at, ``)
	})
}

// Finish ends a waiting case once it is gone everywhere: every store has said by when and
// that is over, nothing was found after it, none has failed, and the replay record is gone too. It signs
// the final certificate. Until then nothing changes, and that is no failure.
func (j Judge) Finish(ctx context.Context, id string) (Seen, error) {
	return j.step(ctx, id, "ending an erasure", func(ctx context.Context, tx postgres.Tx, of Case) error {
		at := j.Clock.Now()

		over, err := gone(ctx, tx, of, at)
		if err != nil || !over {
			return err
		}

		if recorded, err := hasRecord(ctx, tx, id); err != nil || recorded {
			return err
		}

		return j.done(ctx, tx, of, at)
	})
}

// gone reports whether nothing of the subject is left anywhere: what a final certificate
// and the end of the replay record need.
func gone(ctx context.Context, q postgres.Queryer, of Case, asOf time.Time) (bool, error) {
	if of.Stage != Waiting || of.GoneBy.IsZero() || asOf.Before(of.GoneBy) || of.VerifiedAt.Before(of.GoneBy) {
		return false, nil
	}

	answers, err := answersOf(ctx, q, of.ID)
	if err != nil || !goneby.Of(answers).Over(of.VerifiedAt) {
		return false, err
	}

	left, err := RemaindersOf(ctx, q, of.ID)

	return len(left) == 0, err
}

// answersOf is what the stores of a case said last.
func answersOf(ctx context.Context, q postgres.Queryer, id string) ([]goneby.Answer, error) {
	stores, err := StoresOf(ctx, q, id)
	if err != nil {
		return nil, err
	}

	answers := make([]goneby.Answer, 0, len(stores))

	for _, each := range stores {
		answer := goneby.Answer{Store: each.Store, Outcome: each.Outcome, GoneBy: each.GoneBy}
		if each.GoneCode != "" {
			answer.Err = failure.New(each.GoneCode, "asking when a subject is gone")
		}

		answers = append(answers, answer)
	}

	return answers, nil
}

// hasRecord reports whether the replay record of a case is still there.
func hasRecord(ctx context.Context, q postgres.Queryer, id string) (there bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from replay_records where erasure = $1 and gone_at is null)`, id).Scan(&there)

	return there, failWith("looking for a replay record", err)
}

func (j Judge) done(ctx context.Context, tx postgres.Tx, of Case, at time.Time) error {
	if err := j.Certifier.certify(ctx, tx, of, certificate.Final, at); err != nil {
		return err
	}

	proof, _, err := certificate.Prove(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	planned, err := PlanOf(ctx, tx, of)
	if err != nil {
		return err
	}

	stores, err := StoresOf(ctx, tx, of.ID)
	if err != nil {
		return err
	}

	body := ledger.ErasureBody{
		Erasure: of.ID, Commitment: proof.Commitment, PlanSHA256: planned.SHA256, Cause: string(of.Reason),
		GoneBy: of.GoneBy.Format(time.DateOnly),
	}
	for _, each := range stores {
		body.Rows += each.Outcome.CountOf(store.Erased) + each.Outcome.CountOf(store.Pseudonymised)
	}

	if _, err := ledger.Append(ctx, tx, ledger.ErasureDone, at, body); err != nil {
		return err
	}

	return j.end(ctx, tx, of, Done, at)
}
