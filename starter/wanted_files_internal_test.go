package main

import (
	"os"
	"strings"
	"testing"

	"steward/internal/policy"
)

// Each set of files has a schedule at the time of the databases, and where contents
// are kept they are pruned, also when no set is in the policy any more.
func TestFilesHaveTheirSchedules(t *testing.T) {
	t.Parallel()

	const file = "../internal/policy/testdata/working_files.yaml"

	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	rules, err := policy.Parse(file, src)
	if err != nil {
		t.Fatal(err)
	}

	ids := func() string {
		var names []string
		for _, each := range fileSchedules(rules) {
			names = append(names, each.ID+" "+each.Workflow)
			if (each.At == nil) == (each.Every == 0) || each.CatchUp == 0 || each.Summary == "" {
				t.Errorf("%+v", each)
			}
		}

		return strings.Join(names, ", ")
	}

	if got := ids(); got != "files/uploads DailyFiles, files/exports DailyFiles, prune/files PruneFiles" {
		t.Error(got)
	}

	if all := schedules(rules); len(all) != len(rules.Promises.Backups.Databases)+2+3+1 {
		t.Errorf("%d schedules", len(all))
	}

	rules.Promises.Backups.Files = nil
	if got := ids(); got != "prune/files PruneFiles" {
		t.Error(got)
	}

	rules.Storage.Files = ""
	if got := ids(); got != "" {
		t.Error(got)
	}

	for item, want := range map[string]string{"files/uploads": "uploads", "app": ""} {
		if name, found := filesIn(item); found != (want != "") || found && name != want {
			t.Errorf("%s: %s, %v", item, name, found)
		}
	}
}
