package environment

import (
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/policy"
)

// TestTodayBeginsWithTheSchedule has half past midnight in Paris, when `steward
// backup run` still answers with the day before.
func TestTodayBeginsWithTheSchedule(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	at, err := calendar.ParseTimeOfDay("02:30")
	if err != nil {
		t.Fatal(err)
	}
	rules := &policy.Policy{}
	rules.Company.Zone, rules.Promises.Backups.At = zone, at
	for now, want := range map[string]string{
		"2026-11-22T23:30:00Z": "2026-11-22",
		"2026-11-23T02:29:00Z": "2026-11-22",
		"2026-11-23T02:30:00Z": "2026-11-23",
	} {
		instant, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := today(rules, instant); got != want {
			t.Errorf("at %s it is %s instead of %s", now, got, want)
		}
	}
}

// TestOnlyTheEndOfPatienceLetsUpGoOn runs programs that end as `steward backup run` may.
func TestOnlyTheEndOfPatienceLetsUpGoOn(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{6: true, 1: false, 5: false, 0: false} {
		err := exec.CommandContext(t.Context(), "/bin/sh", "-c", fmt.Sprintf("exit %d", code)).Run()
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrSteward, err)
		}
		if stillRunning(err) != want {
			t.Errorf("exit code %d: %v", code, err)
		}
	}
	if stillRunning(errors.ErrUnsupported) {
		t.Error("an error of another kind")
	}
}

// TestOnlyWhatIsMissingIsBackedUp reads lists as `steward backup list --json` prints them.
func TestOnlyWhatIsMissingIsBackedUp(t *testing.T) {
	t.Parallel()
	rules := &policy.Policy{}
	rules.Promises.Backups.Databases = []policy.Database{{Name: "app"}, {Name: "steward"}}
	rules.Promises.Backups.Files = []policy.Files{{Name: "uploads"}}
	const today = "2026-11-22"
	backup := func(database, day, state string) string {
		return `{"id":"bkp_x","database":"` + database + `","day":"` + day + `","state":"` + state + `","bytes":1}`
	}
	files := func(day, state string) string {
		return `"files":[{"id":"fbk_x","files":"uploads","day":"` + day + `","state":"` + state + `","count":1}]`
	}
	run := func(item string) []string {
		return []string{"backup", "run", "--wait", "--timeout", "10m", "--database", item}
	}
	all := [][]string{{"backup", "run", "--all", "--wait", "--timeout", "10m"}}
	steward, uploads := run("steward"), run("files/uploads")
	app := `"backups":[` + backup("app", today, "drilled") + `]`
	both := `"backups":[` + backup("app", today, "drilled") + "," + backup("steward", today, "drilled") + `]`
	for list, want := range map[string][][]string{
		`"backups":[]`: all,
		`"backups":[` + backup("app", "2026-11-21", "drilled") + `],` + files("2026-11-21", "drilled"): all,
		`"backups":[` + backup("app", today, "bad") + "," + backup("steward", today, "taken") + `]`:    all,
		`"backups":[` + backup("steward", today, "bad") + `],` + files(today, "drilled"):               {run("app"), steward},
		app + "," + files(today, "drilled"): {steward},
		`"backups":[` + backup("app", today, "bad") + "," + backup("app", today, "drilled") + `]`: {steward, uploads},
		// What a Steward that knew of no files has left.
		both:                                 {uploads},
		both + "," + files(today, "taken"):   {uploads},
		both + "," + files(today, "drilled"): nil,
	} {
		todo, err := undone(rules, "{"+list+"}", today)
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
