package backup_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"steward/internal/failure"
)

// Every outcome that docs/backup.md gives names a test that exists and a code that
// is in the table.
func TestThePageNamesWhatExists(t *testing.T) {
	t.Parallel()

	page, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}

	_, outcomes, found := strings.Cut(string(page), "\n## When things go wrong\n")
	if !found {
		t.Fatal("the page has lost its last part")
	}

	tests := testsOfTheProject(t)
	named := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(outcomes, -1)

	for _, match := range named {
		if !tests[match[1]] {
			t.Errorf("there is no %s", match[1])
		}
	}

	if len(named) < 30 {
		t.Errorf("only %d tests are named", len(named))
	}

	known := map[string]bool{"policy": true}
	for _, row := range failure.Table() {
		known[string(row.Code)] = true
	}

	for _, match := range regexp.MustCompile("`([a-z]+_[a-z_]+|unavailable)`").FindAllStringSubmatch(outcomes, -1) {
		if !known[match[1]] && match[1] != "lock_timeout" && match[1] != "pg_dump" && match[1] != "pg_restore" {
			t.Errorf("there is no code %s", match[1])
		}
	}
}

// testsOfTheProject are the names of all tests, of the dev module too.
func testsOfTheProject(t *testing.T) map[string]bool {
	t.Helper()

	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z]+)\(`)
	tests := map[string]bool{}

	root, err := os.OpenRoot("../..")
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()

	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "." {
			return fs.SkipDir
		}

		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}

		text, err := root.ReadFile(path)
		for _, match := range declared.FindAllStringSubmatch(string(text), -1) {
			tests[match[1]] = true
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return tests
}
