package workflows_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/workflows"
)

// filesOf gives a recorded history of DailyBackup in the words of DailyFiles, which
// takes the same steps in the same order.
func filesOf(t *testing.T, path string) *historypb.History {
	t.Helper()

	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()

	history, err := client.HistoryFromJSON(file, client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}

	steps := map[string]string{
		"OpenDay": "OpenFilesDay", "CheckBuckets": "CheckFileBuckets", "TakeBackup": "TakeFiles", "DrillBackup": "DrillFiles",
	}

	for _, event := range history.GetEvents() {
		if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
			started.WorkflowType.Name = workflows.DailyFilesName
			input := started.GetInput().GetPayloads()[0]
			input.Data = []byte(strings.Replace(string(input.GetData()), `"Database"`, `"Files"`, 1))
		}

		if step := event.GetActivityTaskScheduledEventAttributes(); step != nil {
			step.ActivityType.Name = steps[step.GetActivityType().GetName()]
		}

		for _, shown := range event.GetUpsertWorkflowSearchAttributesEventAttributes().GetSearchAttributes().GetIndexedFields() {
			if string(shown.GetData()) == `"dumping"` {
				shown.Data = []byte(`"storing"`)
			}
		}

		if ended := event.GetWorkflowExecutionCompletedEventAttributes(); ended != nil {
			payload := ended.GetResult().GetPayloads()[0]
			payload.Data = filesResult(t, payload.GetData())
		}
	}

	return history
}

func filesResult(t *testing.T, of []byte) []byte {
	t.Helper()

	var status activities.FilesStatus

	if err := json.Unmarshal(of, &status); err != nil {
		t.Fatal(err)
	}

	text, err := json.Marshal(status)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

// until cuts a history after the last event that schedules a step: that of a run
// which is at work.
func until(history *historypb.History, step string) (cut *historypb.History) {
	for at, event := range history.GetEvents() {
		if event.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == step {
			cut = &historypb.History{Events: history.GetEvents()[:at+1]}
		}
	}

	return cut
}

// Runs of files go on under this code, those too that began before their buckets
// were looked at: in the order that was recorded of DailyBackup, whose steps they
// share. Another order is noticed.
func TestDailyFilesReplays(t *testing.T) {
	t.Parallel()

	for _, path := range histories(t, workflows.DailyBackupName) {
		if strings.Contains(path, "_copied") {
			continue // files are not copied: such a day has a step more
		}

		if err := replayer().ReplayWorkflowHistory(quiet(), filesOf(t, path)); err != nil {
			t.Errorf("%s: %v", path, err)
		}

		for _, step := range []string{"TakeFiles", "DrillFiles"} {
			cut := until(filesOf(t, path), step)
			if cut == nil {
				continue
			}

			if err := replayer().ReplayWorkflowHistory(quiet(), cut); err != nil {
				t.Errorf("%s until %s: %v", path, step, err)
			}
		}

		changed := filesOf(t, path)
		for _, event := range changed.GetEvents() {
			if event.GetEventType() == enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED {
				event.GetActivityTaskScheduledEventAttributes().ActivityType.Name = "CloseFilesDay"
			}
		}

		if err := replayer().ReplayWorkflowHistory(quiet(), changed); err == nil {
			t.Errorf("%s replays although other steps were scheduled", path)
		}
	}
}
