package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/datamap"
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
			read, schemas, err := a.mapBesideSchemas(command.Context(), given)
			if err != nil {
				return err
			}

			result := mapCheckResult{File: read.settings.DataMap, Hash: read.decided.SHA256}
			for _, schema := range schemas {
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

// mapBesideSchemas is loadMap, with the schemas of the databases that the map decides about. The file is parsed while the
// servers answer: with a thousand tables either takes some tenths of a second. A map that cannot be read ends the other.
func (a *app) mapBesideSchemas(ctx context.Context, given []string) (mapped, []liveschema.Schema, error) {
	settings, rules, err := a.loadFor(given)
	if err != nil {
		return mapped{}, nil, err
	}

	ctx, stop := context.WithCancel(ctx)
	defer stop()

	type parsing struct {
		decided *datamap.Map
		err     error
	}

	parsed := make(chan parsing, 1)

	go func() {
		decided, err := datamap.Load(settings.DataMap)
		if err != nil {
			stop()
		}

		parsed <- parsing{decided, err}
	}()

	all := a.schemas(ctx, settings, rules)

	of := <-parsed
	if of.err != nil {
		return mapped{}, nil, failure.Wrap(failure.DataMapInvalid, "reading the data map", of.err)
	}

	schemas := []liveschema.Schema{}

	for _, one := range all {
		if of.decided.Database(one.name) == nil {
			continue // whether it answers is nothing to the map
		}

		if one.err != nil {
			return mapped{}, nil, one.err
		}

		schemas = append(schemas, one.schema)
	}

	return mapped{settings, rules, of.decided}, schemas, nil
}

// schemaRead is the schema of one database, or why it cannot be read.
type schemaRead struct {
	name   string
	schema liveschema.Schema
	err    error
}

// schemas reads the schemas of all app databases.
func (a *app) schemas(ctx context.Context, settings config.Config, rules *policy.Policy) (all []schemaRead) {
	for _, database := range rules.Promises.Backups.Databases {
		if database.Role == policy.RoleApp {
			schema, _, err := a.liveSchema(ctx, settings, database)
			all = append(all, schemaRead{database.Name, schema, err})
		}
	}

	return all
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
