package elsewhere

import (
	"context"
	"time"

	"steward/internal/calendar"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// declared is a copy of a database that the deployment has and Steward does not make.
type declared struct {
	copied  policy.DeclaredCopy
	steward postgres.Queryer
	zone    *time.Location
}

// Declared gives the store of a declared copy. Its times are counted in the zone.
func Declared(copied policy.DeclaredCopy, steward postgres.Queryer, zone *time.Location) store.Store {
	return declared{copied: copied, steward: steward, zone: zone}
}

// Name implements store.Store.
func (d declared) Name() string { return "copies/" + d.copied.Name }

// Plan implements store.Store: nobody can count here.
func (d declared) Plan(context.Context, store.Subject) ([]plan.Step, error) {
	return []plan.Step{{Store: d.Name(), Place: d.copied.Database, Action: plan.Expire, Rows: -1}}, nil
}

// Freeze implements store.Store.
func (declared) Freeze(context.Context, store.Subject, store.Frozen) error { return nil }

// Erase implements store.Store. What is there follows by itself.
func (declared) Erase(context.Context, store.Subject, store.Frozen, func(int64)) (store.Outcome, error) {
	return store.Outcome{Kind: store.Expires}, nil
}

// Verify implements store.Store. Nobody can look here: that a copy follows in time is what the
// policy declares, and its GoneBy says.
func (declared) Verify(context.Context, store.Subject, store.Frozen) ([]store.Remainder, error) {
	return nil, nil
}

// GoneBy implements store.Store. It fails with CopyWithoutAge where the policy gives the copy no max_age.
func (d declared) GoneBy(ctx context.Context, subject store.Subject, erasedAt time.Time) (time.Time, error) {
	if d.copied.MaxAge.IsZero() {
		return time.Time{}, failure.New(failure.CopyWithoutAge, "asking when a subject is gone from the copy "+d.copied.Name)
	}

	last, err := lastErased(ctx, d.steward, subject.Erasure, erasedAt)

	return after(d.copied.MaxAge, last, d.zone), err
}

// after is when a period that begins at an instant is over.
func after(period calendar.Duration, from time.Time, zone *time.Location) time.Time {
	return period.AddTo(from, zone).UTC()
}

// lastErased is when the last of all stores ended erasing: what is copied from one of them can hold the subject until
// then, also where that one was erased again after this store. A store that failed erased nothing, however often it is
// asked again.
func lastErased(ctx context.Context, q postgres.Queryer, erasure string, erasedAt time.Time) (time.Time, error) {
	var last *time.Time

	err := q.QueryRow(ctx, `select max(erased_at) from erasure_stores where erasure = $1 and outcome <> 'failed'`, erasure).Scan(&last)
	if err != nil {
		return erasedAt, failure.Wrap(failure.Unavailable, "looking when the stores of an erasure ended", err)
	}

	if last == nil || last.Before(erasedAt) {
		return erasedAt, nil
	}

	return last.UTC(), nil
}
