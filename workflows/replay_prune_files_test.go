package workflows_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"steward/workflows"
)

// TestPruneFilesReplays replays PruneFiles over the histories of PruneBackups, whose
// steps it takes in the same order, with its own name in them: removals, nothing to
// do, exceptions. A change of either that breaks runs of the other version shows here.
func TestPruneFilesReplays(t *testing.T) {
	t.Parallel()

	files := histories(t, workflows.PruneBackupsName)
	if len(files) == 0 {
		t.Fatal("there is no history")
	}

	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}

		own := bytes.ReplaceAll(text, []byte(`"PruneBackups"`), []byte(`"PruneFiles"`))
		// The first name is the workflow's, the others are of its activity.
		forged := bytes.ReplaceAll(own, []byte(`"PruneFiles"`), []byte(`"PruneFolders"`))
		forged = bytes.Replace(forged, []byte(`"PruneFolders"`), []byte(`"PruneFiles"`), 1)

		for name, c := range map[string]struct {
			text  []byte
			fails bool
		}{"own": {own, false}, "forged": {forged, true}} {
			path := filepath.Join(t.TempDir(), filepath.Base(file))
			if err := os.WriteFile(path, c.text, 0o600); err != nil {
				t.Fatal(err)
			}

			if err := replayer().ReplayWorkflowHistoryFromJSONFile(quiet(), path); (err != nil) != c.fails {
				t.Errorf("%s, %s: %v", file, name, err)
			}
		}
	}
}
