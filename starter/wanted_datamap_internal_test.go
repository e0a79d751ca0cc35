package main

import (
	"testing"

	"steward/internal/policy"
	"steward/workflows"
)

// Nobody compares a data map that nothing goes by.
func TestTheDataMapHasItsSchedule(t *testing.T) {
	t.Parallel()

	for file, want := range map[string]int{"working_exceptions": 2, "working_minimal": 0} {
		rules, err := policy.Load("../internal/policy/testdata/"+file+".yaml", policy.Dev)
		if err != nil {
			t.Fatal(err)
		}

		found := mapSchedules(rules)
		if len(found) != want || want > 0 && (found[0].ID != "datamap/audit" || found[0].Workflow != workflows.DatamapAuditName) {
			t.Errorf("%s: %+v", file, found)
		}

		if want > 0 && (found[1].ID != "erasure-residue/nightly" || found[1].Workflow != workflows.ErasureResidueName ||
			found[1].At.String() != "04:30" || found[1].Zone != "Europe/Paris") {
			t.Errorf("%s: %+v", file, found[1])
		}
	}
}
