package erasure

import (
	"context"
	"time"

	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/task"
)

// Judge takes the steps of the core role: it decides what follows, commits the tombstone
// and ends the case. Each method may be called again after any end, and does nothing where the
// case is not at the stage that it is for. It is safe for concurrent use.
type Judge struct {
	// Steward is the steward database, as the role steward_core.
	Steward *postgres.DB
	// Clock tells the time of promises.
	Clock clocks.Clock
	// Keeper opens the keys of cases.
	Keeper casekey.Keeper
	// Waiter waits for the seal of a tombstone in both copies of the ledger.
	Waiter tombstone.Waiter
	// Certifier signs certificates.
	Certifier Certifier
	// Mode is the promise's in the policy of this moment: with any but enforce nothing gets its tombstone.
	Mode promise.Mode
	// Keep is how long the record of a case stays after its end.
	Keep time.Duration
	// KeepWebhooks is how long an event lasts that tells the app of a case.
	KeepWebhooks time.Duration
}

// Seen is what a workflow is told of a case: it says what to do next, and nothing of whom.
type Seen struct {
	Stage Stage `json:"stage"`
	// BackTo says that a closing is to be taken back.
	BackTo Stage `json:"back_to,omitempty"`
	// Rechecked says that a closing is ready for its tombstone.
	Rechecked bool `json:"rechecked,omitempty"`
	// Code is why a blocked one is.
	Code failure.Code `json:"code,omitempty"`
	// GoneBy is when nothing can be left anywhere; zero while nobody can say.
	GoneBy time.Time `json:"gone_by,omitzero"`
	// Subject is the opaque id of the account, for the search attributes.
	Subject string `json:"subject,omitempty"`
}

func seenOf(c Case) Seen {
	return Seen{
		Stage: c.Stage, BackTo: c.BackTo, Rechecked: !c.RecheckedAt.IsZero(), Code: c.Code, GoneBy: c.GoneBy, Subject: c.Account,
	}
}

// Look tells how a case stands, and takes note that its workflow knows. It fails with ErasureUnknown.
func (j Judge) Look(ctx context.Context, id string) (Seen, error) {
	var found Case

	err := j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		if found, err = lock(ctx, tx, id); err != nil {
			return err
		}

		_, err = tx.Exec(ctx, `update erasures set news = false where id = $1 and news`, id)

		return err
	})

	return seenOf(found), failure.Wrap(failure.Unavailable, "looking at an erasure", err)
}

// Decide takes a case on where what the database holds lets it. It commits no tombstone.
func (j Judge) Decide(ctx context.Context, id string) (Seen, error) {
	return j.step(ctx, id, "deciding about an erasure", func(ctx context.Context, tx postgres.Tx, of Case) error {
		facts, err := j.factsOf(ctx, tx, of)
		if err != nil {
			return err
		}

		return j.carryOut(ctx, tx, of, Decide(facts))
	})
}

// step does something to a locked case in one transaction, and tells how it stands then.
func (j Judge) step(ctx context.Context, id, op string, work func(context.Context, postgres.Tx, Case) error) (Seen, error) {
	var found Case

	err := j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		of, err := lock(ctx, tx, id)
		if err != nil {
			return err
		}

		if err := work(ctx, tx, of); err != nil {
			return err
		}

		found, err = Get(ctx, tx, id)

		return err
	})

	return seenOf(found), failure.Wrap(failure.Unavailable, op, err)
}

// factsOf reads what is decided from. The case is locked, so that no hold, approval or
// cancellation can come between the look and the step.
func (j Judge) factsOf(ctx context.Context, tx postgres.Tx, of Case) (Facts, error) {
	facts := Facts{
		Stage: of.Stage, Enforced: of.Mode == promise.Enforce, Observing: j.Mode != promise.Enforce,
		NeedsApproval: of.Reason.NeedsApproval(), CancelAsked: of.CancelAct != "",
		RetryAsked: of.RetryAct != "", BackTo: of.BackTo, AppReopened: of.App == appReopened, Tombstoned: of.Tombstone != "",
	}

	if of.Tombstone == "" {
		asking, err := askingOf(ctx, tx, of)
		if err != nil {
			return Facts{}, err
		}

		facts.Unasked = !asking.For(of)
	}

	if of.Plan > 0 {
		approved, err := approval(ctx, tx, of)
		if err != nil {
			return Facts{}, err
		}

		facts.Approved = approved.Act != ""
	}

	held, err := IsHeld(ctx, tx, of)
	if err != nil {
		return Facts{}, err
	}

	facts.Held = held

	err = tx.QueryRow(ctx, `select count(*) from erasure_remainders where erasure = $1`, of.ID).Scan(&facts.Remainders)

	return facts, failure.Wrap(failure.Unavailable, "counting what is left of an erasure", err)
}

// carryOut does what was decided.
func (j Judge) carryOut(ctx context.Context, tx postgres.Tx, of Case, to Decision) error {
	at := j.Clock.Now()

	switch {
	case to.Stage == of.Stage && to.BackTo == of.BackTo:
		return heldFor(ctx, tx, of, to)
	case to.Stage == of.Stage: // a closing that is to be taken back
		return back(ctx, tx, of, to.BackTo, at)
	case to.Stage == Closing:
		return j.begin(ctx, tx, of, at)
	case to.Stage.Ended():
		if err := leaveClosing(ctx, tx, of); err != nil {
			return err
		}

		return j.end(ctx, tx, of, to.Stage, at)
	case to.Stage == Blocked:
		code := to.Code
		if of.BackTo == Blocked {
			code = of.Code
		}

		if err := leaveClosing(ctx, tx, of); err != nil {
			return err
		}

		return j.move(ctx, tx, of, Blocked, at, `, back_to = '', code = $5, stopped_in = $6, retry_act = null`, string(code), string(of.Stage))
	default:
		if err := leaveClosing(ctx, tx, of); err != nil {
			return err
		}

		return j.move(ctx, tx, of, to.Stage, at, `, back_to = '', code = $5, stopped_in = '', rechecked_at = null, retry_act = null`,
			string(to.Code))
	}
}

// heldFor notes what a case is held by where that changed: a hold was released, and the policy only observes.
func heldFor(ctx context.Context, tx postgres.Tx, of Case, to Decision) error {
	if of.Stage != Held || to.Code == of.Code {
		return nil
	}

	_, err := tx.Exec(ctx, `update erasures set code = $2 where id = $1 and stage = 'held'`, of.ID, string(to.Code))

	return failure.Wrap(failure.Unavailable, "noting what an erasure is held by", err)
}

// begin starts the closing: from then on any sign of life takes it back. An account that
// was used since its plan was approved is planned and approved anew.
func (j Judge) begin(ctx context.Context, tx postgres.Tx, of Case, at time.Time) error {
	err := beginClosing(ctx, tx, of, at)

	switch {
	case failure.Is(err, failure.AccountChanged):
		return j.move(ctx, tx, of, Requested, at, ``)
	case failure.Is(err, failure.AccountGone):
		return j.move(ctx, tx, of, Blocked, at, `, code = $5, stopped_in = $6`, string(failure.AccountGone), string(of.Stage))
	case err != nil:
		return err
	default:
		return j.move(ctx, tx, of, Closing, at, `, back_to = '', app = '', rechecked_at = null, old_looks = 0`)
	}
}

// beginClosing takes the account to closing, if it was not used since the approval; a
// case that needs none goes by what is known at this moment. A person has no account.
func beginClosing(ctx context.Context, tx postgres.Tx, of Case, at time.Time) error {
	if of.Kind != plan.Account {
		return nil
	}

	signs, err := signsAgreed(ctx, tx, of)
	if err != nil {
		return err
	}

	return account.BeginClosing(ctx, tx, of.Account, of.ID, signs, at)
}

// signsAgreed is the count of the account's signs of life that the decision to erase it saw.
func signsAgreed(ctx context.Context, tx postgres.Tx, of Case) (int64, error) {
	if !of.Reason.NeedsApproval() {
		return signsOf(ctx, tx, of)
	}

	approved, err := approval(ctx, tx, of)

	return approved.Signs, err
}

// back says that a closing is to be taken back. The subject is reopened first.
func back(ctx context.Context, tx postgres.Tx, of Case, to Stage, _ time.Time) error {
	_, err := tx.Exec(ctx, `update erasures set back_to = $2, rechecked_at = null where id = $1 and stage = 'closing'`, of.ID, string(to))

	return failure.Wrap(failure.Unavailable, "taking the closing of a subject back", err)
}

// leaveClosing makes the account alive again, where this case was closing it.
func leaveClosing(ctx context.Context, tx postgres.Tx, of Case) error {
	if of.Stage != Closing || of.Kind != plan.Account {
		return nil
	}

	err := account.Reopen(ctx, tx, of.Account, of.ID)
	if failure.Is(err, failure.AccountChanged) {
		return nil // another case is closing it by now: that one's word counts
	}

	return err
}

// end ends a case without an erasure, or after all of it, and destroys what it sealed.
func (j Judge) end(ctx context.Context, tx postgres.Tx, of Case, to Stage, at time.Time) error {
	for _, table := range []string{"erasure_subjects", "erasure_frozen", "pseudonym_keys"} {
		if _, err := tx.Exec(ctx, `delete from `+table+` where erasure = $1`, of.ID); err != nil {
			return failure.Wrap(failure.Unavailable, "destroying what an erasure sealed", err)
		}
	}

	if err := casekey.Shred(ctx, tx, of.ID); err != nil {
		return err
	}

	return j.move(ctx, tx, of, to, at, `, back_to = '', code = '', stopped_in = '', ended_at = $2, ends_at = $5`, at.Add(j.Keep))
}

// Park stops a case whose step cannot go on, with the code of why. A closing is taken
// back first; where even that cannot be done, a task asks a person to mend it, and the way back goes on.
// Whoever reaches Temporal can say so too: that stops work, and no more.
func (j Judge) Park(ctx context.Context, id string, code failure.Code) (Seen, error) {
	return j.step(ctx, id, "stopping an erasure", func(ctx context.Context, tx postgres.Tx, of Case) error {
		at, code := j.Clock.Now(), failure.Lookup(code).Code

		switch {
		case of.Stage.Ended() || of.Stage.WaitsForPeople():
			return nil
		case of.Stage == Closing && of.BackTo != "":
			return stuck(ctx, tx, of, code, at)
		case of.Stage == Closing:
			_, err := tx.Exec(ctx, `update erasures set back_to = 'blocked', code = $2, rechecked_at = null where id = $1`, id, string(code))

			return failure.Wrap(failure.Unavailable, "stopping an erasure", err)
		default:
			return j.move(ctx, tx, of, Blocked, at, `, code = $5, stopped_in = $6, retry_act = null`, string(code), string(of.Stage))
		}
	})
}

// stuck notes that a closing cannot be taken back, and opens the task to mend that. Until then a living account
// is closed in the app. The code of what it goes back to Blocked for stays.
func stuck(ctx context.Context, tx postgres.Tx, of Case, code failure.Code, at time.Time) error {
	_, err := tx.Exec(ctx, `update erasures set code = case when back_to = 'blocked' then code else $2 end, retry_act = null
		where id = $1 and stage = 'closing'`, of.ID, string(code))
	if err != nil {
		return failure.Wrap(failure.Unavailable, "noting that a closing cannot be taken back", err)
	}

	return openTask(ctx, tx, task.MendErasure, of, at)
}
