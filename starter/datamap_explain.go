package main

import (
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/datamap"
	"steward/internal/datamap/explain"
	"steward/internal/failure"
	"steward/internal/liveschema"
)

// graphResult is what datamap graph prints.
type graphResult struct {
	// DOT is the picture in the language of Graphviz.
	DOT string `json:"dot"`
}

func newDataMapExplain(a *app) *cobra.Command {
	var table, database string

	command := &cobra.Command{
		Use: "explain --table SCHEMA.TABLE", Short: "Say in sentences what an erasure does with one table",
		Long: "Says whose rows a table holds, how that is known, what an erasure does with them and with each column, and what becomes\n" +
			"of the rows of other tables that name them.",
		Example: "  steward datamap explain --table app.leads\n  steward datamap explain --table app.leads --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			name, err := datamap.ParseName(table)
			if err != nil {
				return failure.New(failure.UnknownTable, "looking for the table (--table SCHEMA.TABLE)")
			}

			decided, schema, err := a.mapAndSchema(command, database)
			if err != nil {
				return err
			}

			result, found := explain.Of(decided, schema, name)
			if !found {
				return failure.New(failure.UnknownTable, "looking for the table")
			}

			return a.showTable(result)
		},
	}
	command.Flags().StringVar(&table, "table", "", "the table, with its schema")
	command.Flags().StringVar(&database, "database", "", "the app database, where the policy has several")

	return command
}

func newDataMapGraph(a *app) *cobra.Command {
	var database string

	command := &cobra.Command{
		Use: "graph", Short: "Draw which rows go with which, for Graphviz",
		Long: "Prints the tables of an app database and the keys between them in the DOT language. Solid arrows lead to the rows with\n" +
			"which others go, dashed ones are keys that an erasure makes null, dotted ones are declared references.",
		Example: "  steward datamap graph | dot -Tsvg > datamap.svg",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			decided, schema, err := a.mapAndSchema(command, database)
			if err != nil {
				return err
			}

			result := graphResult{DOT: explain.DOT(decided, schema)}
			if a.console.JSON {
				return a.console.Document(result)
			}

			return a.console.Say("%s", strings.TrimSuffix(result.DOT, "\n"))
		},
	}
	command.Flags().StringVar(&database, "database", "", "the app database, where the policy has several")

	return command
}

// mapAndSchema reads what was decided about one app database, and its schema.
func (a *app) mapAndSchema(command *cobra.Command, name string) (decided datamap.Database, schema liveschema.Schema, err error) {
	read, err := a.loadMap(nil)
	if err != nil {
		return decided, schema, err
	}

	database, err := appDatabase(read.rules, name)
	if err != nil {
		return decided, schema, err
	}

	// A database that nobody decided about is one without decisions.
	decided.Name = database.Name
	if found := read.decided.Database(database.Name); found != nil {
		decided = *found
	}

	schema, _, err = a.liveSchema(command.Context(), read.settings, database)

	return decided, schema, err
}

func (a *app) showTable(result explain.Table) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	for _, sentence := range result.Sentences {
		if err := a.console.Say("%s", sentence); err != nil {
			return err
		}
	}

	table := console.Table{Head: []string{"COLUMN", "TYPE", "DECISION", "WHAT BECOMES OF IT"}, Empty: "it has no columns"}
	for _, column := range result.Columns {
		table.Add(console.Cells(column.Name, console.OrDash(column.Type), console.OrDash(string(column.Decision)), column.Says)...)
	}

	return a.console.Table(table)
}
