package erasure

import (
	"context"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/erasure/frozen"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

// App tells one database of the app that an account is closed, and that it is not after all.
type App interface {
	// Close tells that an account is closed. It may be told again; the last word counts.
	Close(ctx context.Context, account string) error
	// Reopen takes that back. It may be told again, and of an account that is open.
	Reopen(ctx context.Context, account string) error
}

// Decided tells by which decisions a plan is made.
type Decided interface {
	// Hashes are that of the data map, and that of what the live schemas have of it. It fails where the two
	// do not fit each other.
	Hashes(ctx context.Context, subject store.Subject) (dataMap, schema string, err error)
}

// Records keep replay records; it is replay.Records.
type Records interface {
	// Write stores the record of an erasure before its tombstone. It may be written again, and for another plan.
	Write(ctx context.Context, facts replay.Facts, frozen store.Frozen) (replay.Stored, error)
	// Delete removes it in every generation and proves that; without one it proves that there is none.
	Delete(ctx context.Context, erasure string, asOf time.Time) error
}

// Eraser takes the steps of the erase role: it looks into the stores and erases in them.
// Each method may be called again after any end, and does nothing where the case is not at the
// stage that it is for. One call at a time works on a case, in whatever process.
type Eraser struct {
	// Steward is the steward database, as the role steward_erase.
	Steward *postgres.DB
	// Stores are all places that hold data of subjects, in the order in which they erase.
	Stores []store.Store
	// Apps are told of accounts that close.
	Apps []App
	// Decided may be nil where no store goes by a data map.
	Decided Decided
	// Keeper opens the keys of cases.
	Keeper casekey.Keeper
	// Pseudonyms gives the key of an erasure's keyed hashes, which its replay record keeps; nil where there are none.
	Pseudonyms func(ctx context.Context, erasure string) ([]byte, error)
	// Records keep what erases the subject again after a restore.
	Records Records
	// Residues look through texts once more; nil where nobody looks.
	Residues Residues
	// Clock tells the time of promises.
	Clock clocks.Clock
}

// Beat is called with how much of a step is done.
type Beat func(done int64)

// Plan counts what the erasure will do in every store, and stores that under its hash.
func (e Eraser) Plan(ctx context.Context, id string) (Seen, error) {
	return e.alone(ctx, id, Requested, func(ctx context.Context, of Case, subject store.Subject) error {
		made, err := e.Count(ctx, subject)
		if err != nil {
			return err
		}

		return e.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
			return putPlan(ctx, tx, of, made, e.Clock.Now())
		})
	})
}

// Count is the plan of this moment. It changes nothing anywhere.
func (e Eraser) Count(ctx context.Context, subject store.Subject) (plan.Plan, error) {
	made := plan.Plan{Erasure: subject.Erasure, Subject: subject.Kind, Steps: []plan.Step{}}

	if e.Decided != nil {
		var err error
		if made.Map, made.Schema, err = e.Decided.Hashes(ctx, subject); err != nil {
			return plan.Plan{}, err
		}
	}

	for _, each := range e.Stores {
		steps, err := each.Plan(ctx, subject)
		if err != nil {
			return plan.Plan{}, err
		}

		made.Steps = append(made.Steps, steps...)
	}

	return made, nil
}

// Close closes the subject where it is, looks at everything once more, and keeps the keys
// of what will go. Where reality has left the plan that was approved, the closing is taken back.
//
// That the app is told is noted before it is: a crash at any point leaves a closing that
// is taken back, or goes on.
func (e Eraser) Close(ctx context.Context, id string) (Seen, error) {
	return e.alone(ctx, id, Closing, func(ctx context.Context, of Case, subject store.Subject) error {
		if of.BackTo != "" {
			return nil
		}

		if err := e.tell(ctx, of, subject, appClosed, App.Close); err != nil {
			return err
		}

		approved, err := PlanOf(ctx, e.Steward, of)
		if err != nil {
			return err
		}

		now, err := e.Count(ctx, subject)
		if err != nil {
			return err
		}

		if drift := plan.Compare(approved.Plan, now); drift != (plan.Drift{}) {
			return e.closing(ctx, id, `back_to = 'requested', rechecked_at = null`)
		}

		if err := e.forgetFrozen(ctx, id); err != nil {
			return err
		}

		if err := e.freeze(ctx, subject, approved); err != nil {
			return err
		}

		return e.recheck(ctx, id, subject, approved.Plan)
	})
}

// recheck counts again once all is frozen, which may take hours, and notes when that look began.
func (e Eraser) recheck(ctx context.Context, id string, subject store.Subject, approved plan.Plan) error {
	looked := e.Clock.Now()

	now, err := e.Count(ctx, subject)
	if err != nil {
		return err
	}

	if drift := plan.Compare(approved, now); drift != (plan.Drift{}) {
		return e.closing(ctx, id, `back_to = 'requested', rechecked_at = null`)
	}

	return e.closing(ctx, id, `rechecked_at = $2`, looked)
}

// forgetFrozen drops what an earlier closing froze, which may have been taken back months ago: what it names may be
// somebody else's by now. It fails with ErasureMoved where the case is not closing any more: from the tombstone on,
// keys are only added.
func (e Eraser) forgetFrozen(ctx context.Context, id string) error {
	return e.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		// The row stays locked until the keys are gone, and without a re-check no tombstone follows.
		touched, err := tx.Exec(ctx, `update erasures set rechecked_at = null where id = $1 and stage = 'closing'`, id)
		if err == nil && touched == 0 {
			return failure.New(failure.ErasureMoved, "freezing anew")
		}

		if err == nil {
			_, err = tx.Exec(ctx, `delete from erasure_frozen where erasure = $1`, id)
		}

		return failWith("freezing anew", err)
	})
}

// freeze keeps the keys of what will go, and the record that erases it again after a restore.
func (e Eraser) freeze(ctx context.Context, subject store.Subject, approved Planning) error {
	keys, err := e.frozen(ctx, subject.Erasure)
	if err != nil {
		return err
	}

	if err := tombstone.Prepare(ctx, e.Steward, keys.Key, subject); err != nil {
		return err
	}

	for _, each := range e.Stores {
		if err := each.Freeze(ctx, subject, keys); err != nil {
			return err
		}
	}

	facts := replay.Facts{Subject: subject, Plan: approved.Plan, PlanSHA256: approved.SHA256, At: e.Clock.Now()}

	if e.Pseudonyms != nil {
		if facts.Pseudonym, err = e.Pseudonyms(ctx, subject.Erasure); err != nil {
			return err
		}
	}

	_, err = e.Records.Write(ctx, facts, keys)

	return err
}

// Reopen tells the app that a closing is taken back. What happens then is decided elsewhere.
func (e Eraser) Reopen(ctx context.Context, id string) (Seen, error) {
	return e.alone(ctx, id, Closing, func(ctx context.Context, of Case, subject store.Subject) error {
		if of.BackTo == "" {
			return nil
		}

		if of.App == "" { // it was never told
			return e.closing(ctx, id, `app = 'reopened'`)
		}

		for _, app := range e.Apps {
			if of.Kind != plan.Account {
				break
			}

			if err := app.Reopen(ctx, subject.Account); err != nil {
				return err
			}
		}

		return e.closing(ctx, id, `app = 'reopened'`)
	})
}

// tell notes what the apps are told of an account, and tells them.
func (e Eraser) tell(ctx context.Context, of Case, subject store.Subject, word string, how func(App, context.Context, string) error) error {
	if err := e.closing(ctx, of.ID, `app = $2`, word); err != nil || of.Kind != plan.Account {
		return err
	}

	for _, app := range e.Apps {
		if err := how(app, ctx, subject.Account); err != nil {
			return err
		}
	}

	return nil
}

// closing changes a case that is closing.
func (e Eraser) closing(ctx context.Context, id, set string, args ...any) error {
	touched, err := e.Steward.Exec(ctx, `update erasures set `+set+` where id = $1 and stage = 'closing'`, append([]any{id}, args...)...)
	if err == nil && touched == 0 {
		return failure.New(failure.ErasureMoved, "closing a subject")
	}

	return failWith("closing a subject", err)
}

// frozen are the keys of a case.
func (e Eraser) frozen(ctx context.Context, id string) (frozen.Rows, error) {
	key, err := e.Keeper.Open(ctx, e.Steward, id)

	return frozen.Rows{Steward: e.Steward, Key: key, Erasure: id}, err
}

// alone does work for a case at one stage while nobody else works on it. It tells how the
// case stands afterwards.
func (e Eraser) alone(ctx context.Context, id string, at Stage, work func(context.Context, Case, store.Subject) error) (Seen, error) {
	err := e.locked(ctx, id, func(ctx context.Context) error {
		of, err := Get(ctx, e.Steward, id)
		if err != nil || of.Stage != at {
			return err
		}

		subject, err := Subject(ctx, e.Steward, e.Keeper, of)
		if err != nil {
			return err
		}

		return work(ctx, of, subject)
	})
	if err != nil && !failure.Is(err, failure.ErasureMoved) {
		e.refused(ctx, id, err)

		return Seen{}, failWith("working on an erasure", err)
	}

	found, err := Get(ctx, e.Steward, id)

	return seenOf(found), err
}
