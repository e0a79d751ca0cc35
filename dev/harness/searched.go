package harness

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
)

// listingLag is how much later than another a run may show up in the listing that started before it.
const listingLag = time.Minute

// searched are the runs whose history was searched after its end: a closed history does not change. What started before
// all that a next search still needs is left out of the listing, which a soak makes long.
type searched struct {
	done   map[string]bool      // by run id
	open   map[string]time.Time // starts of those that were not over, by run id
	newest time.Time            // start of the newest run
}

// query leaves out of a listing what was searched.
func (s *searched) query() string {
	if s.newest.IsZero() {
		return ""
	}
	from := s.newest.Add(-listingLag)
	for _, started := range s.open {
		if started.Before(from) {
			from = started
		}
	}
	return fmt.Sprintf("StartTime >= %q", from.UTC().Format(time.RFC3339Nano))
}

// add takes note of a run that was searched as far as it went.
func (s *searched) add(run *workflowpb.WorkflowExecutionInfo) {
	if s.done == nil {
		s.done, s.open = map[string]bool{}, map[string]time.Time{}
	}
	id, started := run.GetExecution().GetRunId(), run.GetStartTime().AsTime()
	if run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		s.open[id] = started
	} else {
		s.done[id] = true
		delete(s.open, id)
	}
	if started.After(s.newest) {
		s.newest = started
	}
}
