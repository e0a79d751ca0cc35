package environment

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/policy"
)

// TestOnlyWhatIsMissingIsBackedUp reads lists as `steward backup list --json` prints them.
func TestOnlyWhatIsMissingIsBackedUp(t *testing.T) {
	t.Parallel()
	rules := &policy.Policy{}
	rules.Promises.Backups.Databases = []policy.Database{{Name: "app"}, {Name: "steward"}}
	const today = "2026-11-22"
	backup := func(database, day, state string) string {
		return `{"id":"bkp_x","database":"` + database + `","day":"` + day + `","state":"` + state + `","bytes":1}`
	}
	all := [][]string{{"backup", "run", "--all", "--wait"}}
	for list, want := range map[string][][]string{
		"":                                     all,
		backup("app", "2026-11-21", "drilled"): all,
		backup("app", today, "bad") + "," + backup("steward", today, "taken"):                                       all,
		backup("app", today, "drilled") + "," + backup("steward", today, "running"):                                 {{"backup", "run", "--wait", "--database", "steward"}},
		backup("app", today, "bad") + "," + backup("app", today, "drilled") + "," + backup("steward", today, "bad"): {{"backup", "run", "--wait", "--database", "steward"}},
		backup("app", today, "drilled") + "," + backup("steward", today, "drilled"):                                 nil,
	} {
		todo, err := undone(rules, `{"backups":[`+list+`]}`, today)
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		if len(todo) > 0 {
			got = backupRuns(rules, todo)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", list, diff)
		}
	}
	if _, err := undone(rules, "nonsense", today); err == nil {
		t.Error("nonsense was read as a list")
	}
}
