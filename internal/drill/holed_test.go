package drill_test

import (
	"testing"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// Programs with known holes, which a crafted archive could use, restore nothing where
// the policy refuses them; the backup is not to blame, and is proven once others are
// there or the policy lets them.
func TestProgramsWithKnownHoles(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID
	b.Driller.ToolsDir, b.Driller.RefuseVulnerable = pgtest.HoledBin(t), true

	if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.ClientVulnerable) {
		t.Errorf("refused by the policy: %v", err)
	}

	if row := b.Row(t, id); row.State != catalogue.Taken {
		t.Errorf("it was condemned: %+v", row)
	}

	b.CheckNothingLeft(t)

	b.Driller.RefuseVulnerable = false
	if drilled, err := b.Driller.Drill(t.Context(), id); err != nil || drilled.State != catalogue.Drilled {
		t.Errorf("%+v, %v", drilled, err)
	}
}
