package workflows

import (
	"strings"
	"testing"
	"time"

	"steward/internal/erasure"
	"steward/internal/failure"
)

// Whoever opens the run in the Web UI sees how far it is, for whom it waits, and until when.
func TestTheDetailsShowTheWay(t *testing.T) {
	t.Parallel()

	by := time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)

	for _, c := range []struct {
		name string
		seen []erasure.Seen
		// done is how many lines are done, at how many are at work.
		done, at int
		says     string
	}{
		{"planned", []erasure.Seen{{Stage: erasure.Requested}}, 0, 1, "asked for"},
		{"for a lead", []erasure.Seen{{Stage: erasure.AwaitingApproval}}, 1, 0, "`steward erase approve`"},
		{"held", []erasure.Seen{{Stage: erasure.Closing}, {Stage: erasure.Held}}, 2, 0, "`steward hold list`"},
		{
			"blocked",
			[]erasure.Seen{{Stage: erasure.Executing}, {Stage: erasure.Blocked, Code: failure.RouteChanged}},
			4, 0,
			failure.Lookup(failure.RouteChanged).Hint,
		},
		{"open", []erasure.Seen{{Stage: erasure.Waiting}}, 7, 1, "cannot say by when"},
		{"by", []erasure.Seen{{Stage: erasure.Waiting, GoneBy: by}}, 7, 1, "by 2026-12-01T04:00:00Z"},
		{"gone", []erasure.Seen{{Stage: erasure.Waiting}, {Stage: erasure.Done}}, 8, 0, "gone everywhere"},
		{"made anew", []erasure.Seen{{Stage: erasure.Closing}, {Stage: erasure.Requested}}, 0, 1, "asked for"},
	} {
		var shown progress

		for _, seen := range c.seen {
			shown.saw(seen)
		}

		text := shown.text()
		if strings.Count(text, "- **done**") != c.done || strings.Count(text, "- **at work**") != c.at || !strings.Contains(text, c.says) {
			t.Errorf("%s:\n%s", c.name, text)
		}
	}
}

// Each stage that leads somewhere has its line, so that none is shown at the place of another.
func TestEachStageHasItsLine(t *testing.T) {
	t.Parallel()

	lines := map[erasure.Stage]int{}

	for _, line := range erasureWay() {
		for _, stage := range line.stages {
			lines[stage]++
		}
	}

	for _, row := range erasure.Stages() {
		wanted := 1
		if row.Stage.Ended() || row.Stage == erasure.Held || row.Stage == erasure.Blocked {
			wanted = 0
		}

		if lines[row.Stage] != wanted {
			t.Errorf("%s has %d lines", row.Stage, lines[row.Stage])
		}
	}
}
