package main

import (
	"strings"
	"testing"
	"time"

	"steward/internal/console/webui"
	"steward/internal/workflowtest"
)

// without are the workflows that no view has, each with where their state is seen.
func without() map[string]string {
	return map[string]string{
		"SendMail":         "a run each minute; what became of a mail: steward mail list",
		"DeliverWebhooks":  "a run each minute; what became of one: steward webhook deliveries",
		"DatamapAudit":     "what it found stands in the metrics, in the log and in `steward datamap check`; the view failures has the runs that fail",
		"ErasureResidue":   "whom it stopped is among the blocked; the view failures has the runs that fail",
		"ExpireOwnRecords": "nobody waits for it; the view failures has the runs that fail",
	}
}

// TestEveryWorkflowIsInAView reads the names of the workflows out of their source: one
// that keeps a promise about backups is found by the question that people ask.
func TestEveryWorkflowIsInAView(t *testing.T) {
	t.Parallel()

	found := map[string]bool{}
	for _, name := range workflowtest.Names(t, "../workflows") {
		found[name] = true
	}

	for name := range found {
		views := 0

		for _, view := range webui.Views(time.Time{}) {
			if strings.Contains(view.Query, "WorkflowType") && strings.Contains(view.Query, `"`+name+`"`) {
				views++
			}
		}

		if reason := without()[name]; views > 1 || (views == 1) == (reason != "") {
			t.Errorf("%s is in %d views; where else it is seen: %q", name, views, reason)
		}
	}

	if !found["DailyBackup"] || !found["SendMail"] {
		t.Errorf("workflows are missing among %v", found)
	}
}
