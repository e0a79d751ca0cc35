package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/datamap"
	"steward/internal/datamap/scaffold"
	"steward/internal/failure"
	"steward/internal/liveschema"
)

// scaffoldResult is what datamap scaffold prints.
type scaffoldResult struct {
	// DataMap is the text of the file.
	DataMap string `json:"datamap"`
	// Tables is how many tables stand in it.
	Tables int `json:"tables"`
}

func newDataMapScaffold(a *app) *cobra.Command {
	var (
		account, database string
		samples           bool
	)

	command := &cobra.Command{
		Use: "scaffold", Short: "Write a first data map of a database",
		Long: "Prints a first data map: where accounts begin, which key leads each table there, and which columns are personal. All of it\n" +
			"is guessed from names and types, and from a hundred rows of each table with --samples, of which nothing is printed or\n" +
			"kept. Every guess is marked, and nothing is erased before people have taken the marks out.",
		Example: "  steward datamap scaffold > datamap.yaml\n  steward datamap scaffold --account app.companies --samples > datamap.yaml",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			result, err := a.scaffold(command.Context(), account, database, samples)
			if err != nil {
				return err
			}

			if a.console.JSON {
				return a.console.Document(result)
			}

			return a.console.Say("%s", strings.TrimSuffix(result.DataMap, "\n"))
		},
	}
	command.Flags().StringVar(&account, "account", "", "the table of which each row is an account, such as app.companies; guessed without it")
	command.Flags().StringVar(&database, "database", "", "the app database, where the policy has several")
	command.Flags().BoolVar(&samples, "samples", false, "look at a hundred rows of each table too")

	return command
}

func (a *app) scaffold(ctx context.Context, account, name string, samples bool) (scaffoldResult, error) {
	settings, rules, err := a.load()
	if err != nil {
		return scaffoldResult{}, err
	}

	database, err := appDatabase(rules, name)
	if err != nil {
		return scaffoldResult{}, err
	}

	var options scaffold.Options

	if account != "" {
		if options.Account, err = datamap.ParseName(account); err != nil {
			return scaffoldResult{}, failure.New(failure.UnknownTable, "looking for the table of accounts (--account SCHEMA.TABLE)")
		}
	}

	schema, db, err := a.liveSchema(ctx, settings, database)
	if err != nil {
		return scaffoldResult{}, err
	}

	if samples {
		if options.Seen, err = scaffold.Look(ctx, db, schema); err != nil {
			return scaffoldResult{}, failure.Wrap(failure.Unavailable, "looking at samples", err)
		}
	}

	return written(schema, options)
}

func written(schema liveschema.Schema, options scaffold.Options) (scaffoldResult, error) {
	text, err := scaffold.Write(schema, options)
	if errors.Is(err, scaffold.ErrNoAccount) {
		return scaffoldResult{}, failure.New(failure.UnknownTable, "looking for the table of accounts (--account SCHEMA.TABLE)")
	}

	return scaffoldResult{DataMap: text, Tables: len(schema.Tables)}, err
}
