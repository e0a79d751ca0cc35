package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/erasure/motor"
	"steward/workflows"
)

// reconciled is what reconcile prints.
type reconciled struct {
	// Erasures is how many open ones were started again or told to look.
	Erasures int `json:"erasures"`
}

// tellTimeout bounds one call of Temporal.
const tellTimeout = 10 * time.Second

func newReconcile(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reconcile", Short: "Start the workflow of every open case again from the database",
		Long: "Starts the workflow of every erasure that has not ended, at the stage at which the steward database has it, and\n" +
			"tells those that run to look again. Where Temporal has lost everything, nothing is lost by that. It may be run at\n" +
			"any time; the core role does the same by itself when it starts, and each hour.",
		Example: "  steward reconcile\n  steward reconcile --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			ctx := command.Context()

			settings, _, err := a.load()
			if err != nil {
				return err
			}

			db, err := a.database(ctx, settings)
			if err != nil {
				return err
			}

			options, err := temporalOptions()
			if err != nil {
				return err
			}

			temporal, err := dial(ctx, options)
			if err != nil {
				return err
			}
			defer temporal.Close()

			started, err := motor.Motor{
				Steward: db, Temporal: temporal, Workflow: workflows.ErasureName, Signal: workflows.ErasureNews, Queue: workflows.CoreQueue,
				Input: func(id string) any { return workflows.ErasureParams{Erasure: id} }, Timeout: settings.Patience().Of(tellTimeout),
			}.All(ctx)
			if err != nil {
				return err
			}

			if a.console.JSON {
				return a.console.Document(reconciled{Erasures: started})
			}

			table := console.Table{Head: []string{"CASES", "STARTED OR TOLD"}}
			table.Add(console.Cells("erasures", strconv.Itoa(started))...)

			return a.console.Table(table)
		},
	}
}
