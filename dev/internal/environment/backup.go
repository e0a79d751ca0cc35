package environment

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/policy"
)

// upBackup makes the backups of today that are missing. A day that is done gets no
// further run in Temporal: up run again changes nothing.
func (e *Environment) upBackup(ctx context.Context) (string, error) {
	rules, err := policy.Load(e.policyFile(), policy.Dev)
	if err != nil {
		return "", fmt.Errorf("reading the policy: %w", err)
	}
	list, err := e.steward(ctx, "backup", "list", "--json")
	if err != nil {
		return "", err
	}
	today := calendar.DayOf(clocks.Dev(e.clockFile()).Now(), rules.Company.Zone).String()
	todo, err := undone(rules, list, today)
	if err != nil {
		return "", err
	}
	if len(todo) == 0 {
		return "today's were done already: bin/steward backup list", nil
	}
	for _, args := range backupRuns(rules, todo) {
		if _, err := e.steward(ctx, args...); err != nil {
			return "", err
		}
	}
	return "today's are made and drilled: bin/steward backup list", nil
}

// listed is what up reads of `steward backup list --json`.
type listed struct {
	Backups []struct {
		Database string `json:"database"`
		Day      string `json:"day"`
		State    string `json:"state"`
	} `json:"backups"`
}

// drilled is the one state that is good: restored and compared.
const drilled = "drilled"

// undone are the databases of the policy without a drilled backup of the day.
func undone(rules *policy.Policy, list, day string) ([]string, error) {
	var known listed
	if err := json.Unmarshal([]byte(list), &known); err != nil {
		return nil, fmt.Errorf("reading the list of backups: %w", err)
	}
	done := map[string]bool{}
	for _, one := range known.Backups {
		done[one.Database] = done[one.Database] || one.Day == day && one.State == drilled
	}
	var todo []string
	for _, database := range rules.Promises.Backups.Databases {
		if !done[database.Name] {
			todo = append(todo, database.Name)
		}
	}
	return todo, nil
}

// backupRuns are the commands that make them: all together where none is done, so
// that they run at once, else one by one.
func backupRuns(rules *policy.Policy, todo []string) [][]string {
	if len(todo) == len(rules.Promises.Backups.Databases) {
		return [][]string{{"backup", "run", "--all", "--wait"}}
	}
	var runs [][]string
	for _, name := range todo {
		runs = append(runs, strings.Fields("backup run --wait --database "+name))
	}
	return runs
}
