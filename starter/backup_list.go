package main

import (
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/quantity"
)

// backupsResult is what backup list prints.
type backupsResult struct {
	// Backups are those of the catalogue, the newest day first.
	Backups []backupRow `json:"backups"`
	// Files are the backups of files, the newest day first.
	Files []filesRow `json:"files"`
}

func newBackupList(a *app) *cobra.Command {
	var (
		database string
		all      bool
	)

	command := &cobra.Command{
		Use: listCommand, Short: "List the backups of the catalogue",
		Long:    "Lists the backups of databases and of files that exist, the newest day first. With --all also those that were pruned.",
		Example: "  steward backup list\n  steward backup list --database app --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			db, err := a.catalogue(command.Context())
			if err != nil {
				return err
			}

			read := catalogue.Kept
			if all {
				read = catalogue.List
			}

			found, err := read(command.Context(), db)
			if err != nil {
				return err
			}

			found = slices.DeleteFunc(found, func(b catalogue.Backup) bool { return database != "" && b.Database != database })

			beside, err := readStanding(command.Context(), db)
			if err != nil {
				return err
			}

			sets, err := files(command.Context(), db, database, all)
			if err != nil {
				return err
			}

			return a.showBackups(found, beside, sets)
		},
	}
	command.Flags().StringVar(&database, "database", "", "only those of this database, or of this set of files")
	command.Flags().BoolVar(&all, "all", false, "also those that were pruned")

	return command
}

func (a *app) showBackups(found []catalogue.Backup, beside standing, sets []filesRow) error {
	result := backupsResult{Backups: make([]backupRow, len(found)), Files: sets}
	for i, backup := range found {
		result.Backups[i] = beside.rowOf(backup)
	}

	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{
		Head:  []string{"DAY", databaseColumn, stateColumn, sizeColumn, "ROWS", "SNAPSHOT", "DRILLED", "ID"},
		Empty: "There is no backup yet. Make today's: steward backup run --all",
	}

	for _, b := range result.Backups {
		table.Rows = append(table.Rows, console.Row{Cells: []console.Cell{
			{Text: b.Day},
			{Text: b.Database},
			{Text: string(b.State), Tone: backupTone(b.State)},
			{Text: quantity.Bytes(b.Bytes)},
			{Text: strconv.FormatInt(b.Rows, 10)},
			{Text: a.console.When(b.SnapshotAt)},
			{Text: a.console.When(b.DrilledAt)},
			{Text: b.ID},
		}, Note: a.notes(b)})
	}

	return joined(a.console.Table(table), a.showFiles(result.Files))
}

func backupTone(state catalogue.State) console.Tone {
	switch state {
	case catalogue.Drilled:
		return console.Good
	case catalogue.Bad:
		return console.Bad
	case catalogue.Running, catalogue.Taken:
		return console.Warning
	case catalogue.Pruned:
		return console.Faint
	default:
		return console.Bad
	}
}
