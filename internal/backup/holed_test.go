package backup_test

import (
	"strings"
	"testing"

	"steward/internal/backuptest"
	"steward/internal/failure"
	"steward/internal/manifest"
	"steward/internal/pgtest"
)

// Programs with known holes take no backup where the policy refuses them, and take it
// where it does not.
func TestProgramsWithKnownHoles(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	b.Taker.ToolsDir, b.Taker.RefuseVulnerable = pgtest.HoledBin(t), true

	if _, err := b.Taker.Take(t.Context(), b.Open(t, "2026-11-22").ID); !failure.Is(err, failure.ClientVulnerable) {
		t.Errorf("refused by the policy: %v", err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("what was refused left %v", names)
	}

	b.Taker.RefuseVulnerable = false
	taken := b.Take(t, "2026-11-22")

	document, err := manifest.Open(b.Read(t, taken.ManifestObject, taken.ManifestGen), b.Driller.Verifier)
	if err != nil || !strings.HasSuffix(document.ClientVersion, ".0") {
		t.Errorf("taken with %s, %v", document.ClientVersion, err)
	}
}
