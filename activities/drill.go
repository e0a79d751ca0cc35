package activities

import (
	"context"

	"steward/internal/catalogue"
	"steward/internal/drill"
	"steward/internal/patience"
)

// Drills does what DailyBackup needs to prove a backup. It belongs to the drill
// role, which can decrypt and cannot sign.
type Drills struct {
	// Driller restores and compares.
	Driller drill.Driller
	// Patience scales the timeouts.
	Patience patience.Scale
}

// DrillBackup restores one backup in the drill cluster and compares it with its
// manifest. A backup that is found wanting is recorded as bad and fails with a
// code that says how.
func (d *Drills) DrillBackup(ctx context.Context, id string) (BackupStatus, error) {
	var row catalogue.Backup

	state, driller := newPulse(), d.Driller
	driller.Progress, driller.Expected = state.report, state.expect

	err := state.during(ctx, d.Patience, func(ctx context.Context) (err error) {
		row, err = driller.Drill(ctx, id)

		return err
	})

	return status(row), err
}
