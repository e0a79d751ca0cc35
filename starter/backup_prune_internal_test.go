package main

import (
	"strings"
	"testing"

	"steward/internal/console"
	"steward/internal/failure"
)

// Only the hash that is shown now, with its version, is an agreement; an older one
// is refused with the reason.
func TestWhatAnOperatorAgreesTo(t *testing.T) {
	t.Parallel()

	hash := strings.Repeat("0a", 32)
	now := pruneResult{Hash: "2-" + hash}

	if got, err := agreed(now.Hash, now); err != nil || got != hash {
		t.Errorf("%s, %v", got, err)
	}

	for given, says := range map[string]string{
		hash:                            "older form",
		"2-" + strings.Repeat("0b", 32): "comparing the plan of now",
		"0123":                          "not the hash of a plan",
		"3-" + hash:                     "not the hash of a plan",
	} {
		_, err := agreed(given, now)

		problem := console.Explain(err)
		if problem.Code != failure.PlanChanged || !strings.Contains(problem.Message, says) || !strings.Contains(problem.Hint, "steward backup prune") {
			t.Errorf("%s: %+v", given, problem)
		}
	}
}
