package main

import (
	"slices"
	"strings"
	"testing"

	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/policy"
)

// A plan says what the hourly prune does beyond it: whoever looks for a late file must not
// read that nothing is to be done.
func TestWhatAPlanDoesNotHold(t *testing.T) {
	t.Parallel()

	var files, copies, both policy.Policy

	files.Promises.Backups.Files = []policy.Files{{Name: "uploads"}}
	copies.Promises.Backups.Copies = []policy.Copy{{Bucket: "far"}}
	both.Storage.Files, both.Promises.Backups.Copies = "left-the-policy", copies.Promises.Backups.Copies

	for _, test := range []struct {
		rules policy.Policy
		want  []string
	}{
		{policy.Policy{}, nil}, {files, []string{"files"}}, {copies, []string{"copies"}}, {both, []string{"files", "copies"}},
	} {
		if got := notShown(&test.rules); !slices.Equal(got, test.want) {
			t.Errorf("%v, want %v", got, test.want)
		}
	}
}

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
