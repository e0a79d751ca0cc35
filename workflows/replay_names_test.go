package workflows_test

import (
	"testing"

	"steward/internal/workflowtest"
)

// TestEveryWorkflowIsReplayed reads the names of the workflows out of their source: one
// without a history would break running ones unseen.
func TestEveryWorkflowIsReplayed(t *testing.T) {
	t.Parallel()

	found := map[string]bool{}

	for _, name := range workflowtest.Names(t, ".") {
		found[name] = true

		if recorded()[name] == 0 {
			t.Errorf("%s has no recorded history (docs/testing.md says how to record one)", name)
		}
	}

	for name := range recorded() {
		if !found[name] {
			t.Errorf("%s is recorded, and was not found in the source", name)
		}
	}
}
