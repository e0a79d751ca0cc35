package activities

import (
	"context"

	"steward/internal/clocks"
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

// ActEnd says how an act ended.
type ActEnd struct {
	// Act is its opaque id.
	Act string
	// Outcome is operator.Done or a failure code.
	Outcome string
}

// BeginAct writes the intent, once. It fails with EvidenceMissing for an act that
// nobody asked for, that is over, or that is too old.
func (a *Acts) BeginAct(ctx context.Context, act string) error {
	return operator.Intend(ctx, a.Steward, act, a.Clock.Now())
}

// EndAct writes the outcome, once.
func (a *Acts) EndAct(ctx context.Context, end ActEnd) error {
	return operator.End(ctx, a.Steward, end.Act, end.Outcome, a.Clock.Now())
}
