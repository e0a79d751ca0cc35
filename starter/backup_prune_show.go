package main

import (
	"errors"
	"strings"

	"steward/internal/console"
	"steward/internal/policy"
	"steward/internal/prune"
)

// showPlan prints the plan: what happens to each backup, then to each object that
// does not simply stay, then how to carry it out.
func (a *app) showPlan(result pruneResult, all bool) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	backups := console.Table{
		Head: []string{backupColumn, databaseColumn, "ACTION", dueColumn}, Empty: "The catalogue has no backup that is not gone.",
	}
	for _, b := range result.Backups {
		backups.Rows = append(backups.Rows, console.Row{Cells: []console.Cell{
			{Text: b.ID}, {Text: b.Database}, {Text: string(b.Action), Tone: actionTone(b.Action)}, {Text: a.console.When(b.Due)},
		}, Note: b.Reason})
	}

	objects := console.Table{Head: []string{"OBJECT", "GENERATION", "ACTION", "DUE", "CAN GO"}, Empty: "Every object simply stays."}

	for _, o := range result.Objects {
		if o.Action == prune.Keep && !all {
			continue
		}

		objects.Rows = append(objects.Rows, console.Row{Cells: []console.Cell{
			{Text: o.Name},
			{Text: number(o.Generation)},
			{Text: string(o.Action), Tone: actionTone(o.Action)},
			{Text: a.console.When(o.Due)},
			{Text: a.console.When(o.Until)},
		}, Note: o.Reason})
	}

	next := "Nothing is to be done."
	if result.Effects > 0 {
		next = "Carry it out: steward backup prune --execute " + result.Hash
	}

	if len(result.NotShown) > 0 {
		next += "\nNot in this plan: " + strings.Join(result.NotShown, " and ") + ". The hourly prune removes those too."
	}

	return errors.Join(a.console.Table(backups), a.console.Say(""), a.console.Table(objects),
		a.console.Say("\nplan %s\n%s", result.Hash, next))
}

// notShown is what a policy keeps beside the databases in their first location.
func notShown(rules *policy.Policy) []string {
	var kinds []string

	if len(rules.Promises.Backups.Files) > 0 || rules.Storage.Files != "" {
		kinds = append(kinds, "files")
	}

	if len(rules.Promises.Backups.Copies) > 0 {
		kinds = append(kinds, "copies")
	}

	return kinds
}

func actionTone(action prune.Action) console.Tone {
	switch action {
	case prune.Keep:
		return console.Faint
	case prune.Delete, prune.Release:
		return console.Neutral
	case prune.Except, prune.Wait, prune.Foreign:
		return console.Warning
	case prune.Missing:
		return console.Bad
	default:
		return console.Bad
	}
}
