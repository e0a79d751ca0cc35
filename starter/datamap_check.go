package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/datamap/check"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

// mapCheckResult is what datamap check prints.
type mapCheckResult struct {
	// File is the data map that was read.
	File string `json:"file"`
	// Hash identifies its decisions, whatever its comments and white space.
	Hash string `json:"hash"`
	// Tables is how many tables the databases have.
	Tables int `json:"tables"`
	// Agrees says that nothing stops an erasure.
	Agrees bool `json:"agrees"`
	// Findings are what is wrong, and what is to be known.
	Findings []check.Finding `json:"findings"`
}

func newDataMapCheck(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "check [FILE]", Short: "Compare the data map with the databases and the policy",
		Long: "Reads the schema of every app database as it is now, and names each table and column that nobody decided about, each\n" +
			"decision that the schema cannot carry out, and whatever would act by itself, with the line to add. Without FILE it\n" +
			"reads the data map that STEWARD_DATAMAP names. Only what is wrong exits with another code than 0: with 1, so that\n" +
			"the app's own tests can run it after their migrations.",
		Example: "  steward datamap check\n  steward datamap check datamap.yaml --json",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			read, err := a.loadMap(given)
			if err != nil {
				return err
			}

			var schemas []liveschema.Schema

			result := mapCheckResult{File: read.settings.DataMap, Hash: read.decided.SHA256}

			for _, database := range read.rules.Promises.Backups.Databases {
				if database.Role != policy.RoleApp || read.decided.Database(database.Name) == nil {
					continue
				}

				schema, _, err := a.liveSchema(command.Context(), read.settings, database)
				if err != nil {
					return err
				}

				schemas = append(schemas, schema)
				result.Tables += len(schema.Tables)
			}

			result.Findings = check.Run(read.decided, schemas, read.rules)
			result.Agrees = !check.Stops(result.Findings)

			if err := a.showMapCheck(result); err != nil {
				return err
			}

			if !result.Agrees {
				return failure.New(failure.DataMapDrift, "comparing the data map with the databases")
			}

			return nil
		},
	}
}

func (a *app) showMapCheck(result mapCheckResult) error {
	if a.console.JSON {
		if result.Findings == nil {
			result.Findings = []check.Finding{}
		}

		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"DATABASE", "TABLE", "LINE", "SEVERITY"}, Empty: "nothing to say"}

	for _, found := range result.Findings {
		tone := console.Bad
		if found.Severity == check.Note {
			tone = console.Neutral
		}

		line := "-"
		if found.Line > 0 {
			line = strconv.Itoa(found.Line)
		}

		table.Rows = append(table.Rows, console.Row{
			Cells: []console.Cell{
				{Text: found.Database}, {Text: console.OrDash(found.Table)}, {Text: line}, {Text: string(found.Severity), Tone: tone},
			},
			Note: found.What + "; " + found.Remedy,
		})
	}

	if len(table.Rows) > 0 {
		if err := a.console.Table(table); err != nil {
			return err
		}
	}

	if !result.Agrees {
		return nil
	}

	return a.console.Say("%s decides about all %d tables (hash %s)", result.File, result.Tables, result.Hash)
}
