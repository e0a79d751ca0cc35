package workflows_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

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

			if recorded()[name] == 0 {
				t.Errorf("%s has no recorded history (docs/testing.md says how to record one)", name)
			}
		}
	}

	for name := range recorded() {
		if !found[name] {
			t.Errorf("%s is recorded, and was not found in the source", name)
		}
	}
}
