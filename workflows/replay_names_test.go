package workflows_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"steward/workflows"
)

// unrecorded are workflows of which no history is recorded yet, each with the reason.
func unrecorded() map[string]string {
	const first = "no landed code has run it: its first histories are those of this release"

	return map[string]string{workflows.SendMailName: first, workflows.DeliverWebhooksName: first, workflows.ExpireOwnRecordsName: first}
}

// TestEveryWorkflowIsReplayed reads the names of the workflows out of their source: one
// without a history would break running ones unseen.
func TestEveryWorkflowIsReplayed(t *testing.T) {
	t.Parallel()

	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}

	named := regexp.MustCompile(`(?m)^(?:const |\t)\w+Name += "(\w+)"$`)
	found := map[string]bool{}

	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		for _, match := range named.FindAllStringSubmatch(string(text), -1) {
			name := match[1]
			found[name] = true

			if recorded()[name] == 0 && unrecorded()[name] == "" {
				t.Errorf("%s has no recorded history, and no reason why (docs/testing.md says how to record one)", name)
			}
		}
	}

	for name := range recorded() {
		if !found[name] {
			t.Errorf("%s is recorded, and was not found in the source", name)
		}
	}

	for name := range unrecorded() {
		if !found[name] {
			t.Errorf("%s has a reason, and was not found in the source", name)
		}
	}
}
