package faults_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
)

// uncounted are the files whose calls pass outside the gate, each with the words under
// which docs/testing.md says so.
func uncounted() map[string]string {
	return map[string]string{
		"internal/backup/limits.go":         "looks of the brake",
		"internal/drill/ahead.go":           "reads ahead",
		"internal/drill/watch.go":           "Signs of life",
		"internal/erasure/brake/brake.go":   "looks of the brake",
		"internal/erasure/session/watch.go": "Signs of life",
		"internal/fence/fence.go":           "Signs of life",
	}
}

// TestWhatIsNotCountedIsWrittenDown compares the callers of Without with the list in
// docs/testing.md: a call that could never be made to fail must be told.
func TestWhatIsNotCountedIsWrittenDown(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}

	_, list, begins := strings.Cut(string(text), "**What is not counted.**")
	list, _, ends := strings.Cut(list, "\n\n")

	if !begins || !ends {
		t.Fatal("docs/testing.md has no list of what is not counted")
	}

	found, root := 0, os.DirFS("../..")

	for _, dir := range []string{"internal", "activities", "workflows", "worker", "starter", "api"} {
		err := fs.WalkDir(root, dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}

			source, err := fs.ReadFile(root, name)
			if err != nil || !strings.Contains(string(source), "faults.Without(") {
				return err
			}

			found++

			if words := uncounted()[name]; words == "" || !strings.Contains(list, words) {
				t.Errorf("what %s does is not counted, and docs/testing.md does not say %q", name, words)
			}

			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	if found != len(uncounted()) {
		t.Errorf("%d files have calls that are not counted, %d are listed", found, len(uncounted()))
	}
}
