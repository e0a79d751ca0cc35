package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"steward/internal/erasure"
	"steward/internal/erasure/brake"
	"steward/internal/erasure/nightly"
	"steward/internal/patience"
)

// Residues looks through the texts of the app's databases. It belongs to the erase role, which alone opens whom an
// erasure is about.
type Residues struct {
	// Night does it.
	Night nightly.Night
	// Patience scales the timeouts.
	Patience patience.Scale
}

// ResidueNight is what a night found: names of databases and counts.
type ResidueNight struct {
	// Passes are those over each database.
	Passes []nightly.Looked `json:"passes,omitempty"`
	// Blocked is how many erasures were stopped.
	Blocked int `json:"blocked"`
}

// LookForResidue makes a pass over each database, or goes on with those that were interrupted. Its heartbeats name the table
// at work. It takes no input, and may be called again after any end: what ended in the same run of the workflow is
// not looked through again.
func (r *Residues) LookForResidue(ctx context.Context) (night ResidueNight, err error) {
	state, run := newPulse(), activity.GetInfo(ctx).WorkflowExecution.RunID

	err = state.during(ctx, r.Patience, func(ctx context.Context) (err error) {
		night.Passes, err = r.Night.Run(brake.Telling(ctx, state.hold), run, state.report)

		return err
	})

	return night, err
}

// JudgeResidue writes the passes that have ended to the ledger, and stops the erasures of whom something is left. It takes
// no input, and may be called again after any end.
func (e *Erasures) JudgeResidue(ctx context.Context) (erasure.ResidueJudged, error) {
	return e.Judge.Residue(ctx)
}
