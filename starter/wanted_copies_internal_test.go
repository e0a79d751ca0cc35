package main

import (
	"os"
	"testing"

	"steward/internal/policy"
	"steward/workflows"
)

// Other locations have one schedule that catches up each hour; without them there is
// none, and setup pauses one that is there.
func TestCopiesHaveTheirSchedule(t *testing.T) {
	t.Parallel()

	const file = "../internal/policy/testdata/working_copies.yaml"

	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	rules, err := policy.Parse(file, src)
	if err != nil {
		t.Fatal(err)
	}

	found := copySchedules(rules)
	if len(found) != 1 || found[0].ID != "copies/backups" || found[0].Workflow != workflows.CopyBackupsName || found[0].Every != pruneEvery {
		t.Errorf("%+v", found)
	}

	with := len(schedules(rules))
	rules.Promises.Backups.Copies = nil

	if without := len(schedules(rules)); without != with-1 || len(copySchedules(rules)) != 0 {
		t.Errorf("%d schedules, then %d", with, without)
	}
}
