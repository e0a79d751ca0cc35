// Package workflowtest reads which workflows there are out of their source, for tests
// that must not forget a new one.
package workflowtest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Names are the registered names of the workflows in the folder dir, each from the
// constant whose own name ends in Name. It fails t where there is none.
func Names(t testing.TB, dir string) []string {
	t.Helper()

	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}

	constant := regexp.MustCompile(`(?m)^(?:const |\t)\w+Name += "(\w+)"$`)

	var names []string

	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}

		for _, match := range constant.FindAllStringSubmatch(string(text), -1) {
			names = append(names, match[1])
		}
	}

	if len(names) == 0 {
		t.Fatalf("no workflow was found in %s", dir)
	}

	return names
}
