package elsewhere

import (
	"context"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// unconnected is a place that nothing connects with. Its outcome is a failure until people, or a
// connector, have erased there: no final certificate is issued before.
type unconnected struct{ name string }

// Unconnected gives the store of a place that nothing connects with, such as a processor.
func Unconnected(name string) store.Store { return unconnected{name: name} }

// Name implements store.Store.
func (u unconnected) Name() string { return u.name }

// Plan implements store.Store: nobody can count here.
func (u unconnected) Plan(context.Context, store.Subject) ([]plan.Step, error) {
	return []plan.Step{{Store: u.name, Action: plan.ByHand, Rows: -1}}, nil
}

// Freeze implements store.Store.
func (unconnected) Freeze(context.Context, store.Subject, store.Frozen) error { return nil }

// Erase implements store.Store. It says that it cannot, which is an outcome and no failure of the step.
func (unconnected) Erase(context.Context, store.Subject, store.Frozen, func(int64)) (store.Outcome, error) {
	return store.Outcome{Kind: store.Failed, Code: string(failure.NoConnector)}, nil
}

// Verify implements store.Store. It fails with NoConnector: "nothing found" must have been seen.
func (u unconnected) Verify(context.Context, store.Subject, store.Frozen) ([]store.Remainder, error) {
	return nil, u.cannot("looking into " + u.name)
}

// GoneBy implements store.Store. It fails with NoConnector.
func (u unconnected) GoneBy(context.Context, store.Subject, time.Time) (time.Time, error) {
	return time.Time{}, u.cannot("asking " + u.name + " when a subject is gone")
}

func (unconnected) cannot(op string) error { return failure.New(failure.NoConnector, op) }
