package environment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"

	"steward/internal/clocks"
	"steward/internal/due"
	"steward/internal/failure"
	"steward/internal/policy"
)

// backupPatience is how long up waits for a backup of the demo, which takes seconds. A
// step that fails and is tried again would otherwise hold the prompt all day.
const backupPatience = "10m"

// upBackup makes the backups of today that are missing. A day that is done gets no
// further run in Temporal: up run again changes nothing. A backup that takes longer
// than backupPatience goes on by itself: its state is told, and up with it.
func (e *Environment) upBackup(ctx context.Context) (string, error) {
	rules, err := policy.Load(e.policyFile(), policy.Dev)
	if err != nil {
		return "", fmt.Errorf("reading the policy: %w", err)
	}
	list, err := e.steward(ctx, "backup", "list", "--json")
	if err != nil {
		return "", err
	}
	todo, err := undone(rules, list, today(rules, clocks.Dev(e.clockFile()).Now()))
	if err != nil {
		return "", err
	}
	if len(todo) == 0 {
		return "today's were done already: bin/steward backup list", nil
	}
	var waiting []string
	for _, args := range backupRuns(rules, todo) {
		_, err := e.steward(ctx, args...)
		if stillRunning(err) {
			waiting = append(waiting, err.Error())
		} else if err != nil {
			return "", err
		}
	}
	if len(waiting) > 0 {
		return "not done after " + backupPatience + ", it goes on by itself: " + strings.Join(waiting, "\n"), nil
	}
	return "today's are made and drilled: bin/steward backup list", nil
}

// today is the day that a run by hand is of now, as `steward backup run` has it:
// the business day begins with its schedule, not at midnight.
func today(rules *policy.Policy, now time.Time) string {
	return due.Window{Zone: rules.Company.Zone, At: rules.Promises.Backups.At}.Today(now).String()
}

// stillRunning tells whether a steward command ended because its time to wait was over.
func stillRunning(err error) bool {
	ended, ok := errors.AsType[*exec.ExitError](err)
	return ok && ended.ExitCode() == int(failure.Pending)
}

// listed is what up reads of `steward backup list --json`.
type listed struct {
	Backups []struct {
		Database string `json:"database"`
		Day      string `json:"day"`
		State    string `json:"state"`
	} `json:"backups"`
	Files []struct {
		Files string `json:"files"`
		Day   string `json:"day"`
		State string `json:"state"`
	} `json:"files"`
}

// drilled is the one state that is good: restored and compared.
const drilled = "drilled"

// undone are the items of the policy without a drilled backup of the day.
func undone(rules *policy.Policy, list, day string) ([]string, error) {
	var known listed
	if err := json.Unmarshal([]byte(list), &known); err != nil {
		return nil, fmt.Errorf("reading the list of backups: %w", err)
	}
	done := map[string]bool{}
	for _, one := range known.Backups {
		done[one.Database] = done[one.Database] || one.Day == day && one.State == drilled
	}
	for _, one := range known.Files {
		item := policy.Files{Name: one.Files}.Item()
		done[item] = done[item] || one.Day == day && one.State == drilled
	}
	return slices.DeleteFunc(rules.Promises.Backups.Items(), func(item string) bool { return done[item] }), nil
}

// backupRuns are the commands that make them: all together where none is done, so
// that they run at once, else one by one.
func backupRuns(rules *policy.Policy, todo []string) [][]string {
	if len(todo) == len(rules.Promises.Backups.Items()) {
		return [][]string{{"backup", "run", "--all", "--wait", "--timeout", backupPatience}}
	}
	var runs [][]string
	for _, name := range todo {
		runs = append(runs, []string{"backup", "run", "--wait", "--timeout", backupPatience, "--database", name})
	}
	return runs
}
