package account

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// BeginClosing takes an account from alive to closing for a case, if there was no
// news since the caller's decision, which saw the given count of signs. Asked again
// by the same case it changes nothing. It fails with AccountUnknown, AccountGone,
// or AccountChanged: then the decision must be made anew.
//
// A crash after the commit leaves it closing; the case goes on, or Reopen takes it
// back, or any sign of life does.
func BeginClosing(ctx context.Context, q postgres.Queryer, id, caseID string, signs int64, asOf time.Time) error {
	touched, err := q.Exec(ctx, `update accounts set state = 'closing', closing_case = $2, closing_at = $4
		where id = $1 and state = 'alive' and signs = $3`, id, caseID, signs, asOf)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "closing an account", err)
	}

	if touched > 0 {
		return nil
	}

	return refusal(ctx, q, id, "closing an account", func(found Account) bool {
		return found.State == Closing && found.ClosingCase == caseID && found.Signs == signs
	})
}

// Reopen takes an account back from closing to alive, if this case is closing it;
// if none is, nothing changes. It fails with AccountUnknown or AccountGone, and with
// AccountChanged where another case is closing it.
func Reopen(ctx context.Context, q postgres.Queryer, id, caseID string) error {
	touched, err := q.Exec(ctx, `update accounts set state = 'alive', closing_case = '', closing_at = null
		where id = $1 and state = 'closing' and closing_case = $2`, id, caseID)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "taking the closing of an account back", err)
	}

	if touched > 0 {
		return nil
	}

	return refusal(ctx, q, id, "taking the closing of an account back", func(found Account) bool { return found.State == Alive })
}

// Close takes an account from closing to closed, if this case is closing it and no
// news came since: after it there is no way back. Asked again by the same case it
// changes nothing. It fails with AccountUnknown, and with AccountChanged where a
// sign of life was faster, or another case.
func Close(ctx context.Context, q postgres.Queryer, id, caseID string, asOf time.Time) error {
	touched, err := q.Exec(ctx, `update accounts set state = 'closed', closed_at = $3
		where id = $1 and state = 'closing' and closing_case = $2`, id, caseID, asOf)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "closing an account for good", err)
	}

	if touched > 0 {
		return nil
	}

	found, err := Get(ctx, q, id)
	if err == nil && (found.State != Closed || found.ClosingCase != caseID) {
		err = failure.New(failure.AccountChanged, "closing an account for good")
	}

	return err
}

// refusal says why a step was not taken, or nothing where it had been taken before.
func refusal(ctx context.Context, q postgres.Queryer, id, op string, done func(Account) bool) error {
	found, err := Get(ctx, q, id)

	switch {
	case err != nil:
		return err
	case found.State == Closed:
		return failure.New(failure.AccountGone, op)
	case done(found):
		return nil
	default:
		return failure.New(failure.AccountChanged, op)
	}
}
