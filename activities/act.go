package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/operator"
	"steward/internal/postgres"
)

// Acts writes what operators intend, and how it ended, to the ledger. It belongs
// to the core role, as all evidence about staff does.
type Acts struct {
	// Steward is the steward database.
	Steward *postgres.DB
	// Clock tells the time that promises go by.
	Clock clocks.Clock
}

// ActEnd names an act that ends. How it ended stands in the database, where who
// carried it out wrote it: a workflow's word for it could be anybody's.
type ActEnd struct {
	// Act is its opaque id.
	Act string
}

// BeginAct writes the intent, once, however often the act's own workflow calls it.
// It fails with EvidenceMissing for an act that nobody asked for, that is over, or
// that is too old, and in any other workflow.
func (a *Acts) BeginAct(ctx context.Context, act string) error {
	if err := own(ctx, act); err != nil {
		return err
	}

	return operator.Intend(ctx, a.Steward, act, a.Clock.Now())
}

// EndAct writes the outcome, once, and gives it; an act without an intent has none.
// It fails with EvidenceMissing in any workflow but the act's own.
func (a *Acts) EndAct(ctx context.Context, end ActEnd) (string, error) {
	if err := own(ctx, end.Act); err != nil {
		return "", err
	}

	return operator.End(ctx, a.Steward, end.Act, a.Clock.Now())
}

// own refuses what another workflow than the act's own asks for. Temporal runs one
// workflow of an id at a time, so that nobody else begins or ends an act that is at
// work.
func own(ctx context.Context, act string) error {
	if activity.GetInfo(ctx).WorkflowExecution.ID != ids.PruneByHand(act) {
		return failure.New(failure.EvidenceMissing, "working on an act for a workflow that is not its own")
	}

	return nil
}
