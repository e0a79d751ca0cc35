package doctor_test

import (
	"strings"
	"testing"

	"steward/internal/doctor"
	"steward/internal/doctor/doctortest"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// Programs with known holes are a warning, and a failure where the policy refuses them.
func TestProgramsWithKnownHoles(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Config.ToolsDir = pgtest.HoledBin(t)

	for refused, want := range map[bool]doctor.State{false: doctor.Warn, true: doctor.Fail} {
		w.Policy.Promises.Backups.RefuseVulnerableClients = refused

		report := visit(t, w, nil)

		check := find(t, report, "sources", "programs")
		if check.State != want || !strings.Contains(check.Says, "CVE-2026-18408") || check.Hint == "" {
			t.Errorf("refused is %t: %+v", refused, check)
		}

		if refused != (check.Code == failure.ClientVulnerable) || (doctor.Report{Checks: []doctor.Check{check}}).Err() == nil == refused {
			t.Errorf("refused is %t: %+v", refused, check)
		}
	}
}
