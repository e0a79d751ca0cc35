package erasure

import (
	"cmp"
	"context"
	"time"

	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/letter"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// Opening says who is to be erased, and why.
type Opening struct {
	// ID is that of the case, where whoever asks named it in an act already; empty for a fresh one.
	ID string
	// Cause is the id of what asks for it: one cause has one erasure.
	Cause  string
	Reason Reason
	Kind   plan.Subject
	// Account is the id of the account; of a person that of the scope, or empty.
	Account string
	// Key is the account as the app writes it, where that is not its id.
	Key string
	// Identities are those of a person, checked; Matches their keyed hashes.
	Identities Identities
	Matches    [][]byte
	Mode       promise.Mode
	// Language is that of the certificates; English where nothing is said.
	Language letter.Language
	// AskedBy is who wanted it, OpenedBy who opens the case.
	AskedBy, OpenedBy string
	At                time.Time
}

// Open makes a case with its sealed subject, or finds that of the same cause; fresh says
// which. It fails with AccountUnknown, also for a person in an account that nobody registered, with AccountGone for an
// account that is closed, with ErasureOpen where another erasure of the account is open, with UsageWrong for an unknown
// reason, and with SubjectRefused for an account whose key only the app knows and that was not given. A crash
// before the caller's commit leaves nothing.
func Open(ctx context.Context, tx postgres.Tx, keeper casekey.Keeper, asked Opening) (opened Case, fresh bool, err error) {
	if _, known := FindReason(asked.Reason); !known {
		return Case{}, false, failure.New(failure.UsageWrong, "opening an erasure for an unknown reason")
	}

	if found, err := OfCause(ctx, tx, asked.Cause); !failure.Is(err, failure.ErasureUnknown) {
		return found, false, err
	}

	if err := asked.mayBegin(ctx, tx); err != nil {
		return Case{}, false, err
	}

	id := cmp.Or(asked.ID, ids.New(Prefix))

	made, err := tx.Exec(ctx, `insert into erasures
			(id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) on conflict do nothing`,
		id, asked.Cause, asked.Reason, asked.Reason.NeedsApproval(), asked.Kind, asked.Account, asked.Mode,
		cmp.Or(asked.Language, letter.English), asked.AskedBy, asked.OpenedBy, asked.At)

	switch {
	case err != nil:
		return Case{}, false, failure.Wrap(failure.Unavailable, "opening an erasure", err)
	case made == 0: // another of this cause, or of this account, was faster
		found, err := OfCause(ctx, tx, asked.Cause)
		if failure.Is(err, failure.ErasureUnknown) {
			err = failure.New(failure.ErasureOpen, "opening an erasure")
		}

		return found, false, err
	}

	key, err := keeper.Make(ctx, tx, id, asked.At, time.Time{})
	if err != nil {
		return Case{}, false, err
	}

	sealed := sealedSubject{Account: cmp.Or(asked.Key, asked.Account), Identities: asked.Identities}
	if err := putSubject(ctx, tx, key, id, sealed, asked.Matches); err != nil {
		return Case{}, false, err
	}

	opened, err = Get(ctx, tx, id)

	return opened, true, err
}

// mayBegin looks at what can be known before anything is counted.
func (o Opening) mayBegin(ctx context.Context, q postgres.Queryer) error {
	if o.Account != "" && ids.Valid("acc", o.Account) && o.Key == "" {
		return failure.New(failure.SubjectRefused, "opening an erasure of an account whose key only the app knows")
	}

	if o.Kind == plan.Person {
		if _, err := o.Identities.Check(); err != nil || o.Account == "" {
			return err
		}
	}

	// One that is mistyped would find nothing, and look erased.
	found, err := account.Get(ctx, q, o.Account)
	if err == nil && o.Kind == plan.Account && found.State == account.Closed {
		err = failure.New(failure.AccountGone, "opening an erasure")
	}

	return err
}
