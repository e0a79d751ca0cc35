package main

import (
	"context"

	"github.com/spf13/cobra"

	"steward/internal/failure"
	"steward/internal/replay"
)

// replayed is what replay run prints: what is to be done, and how each came out.
type replayed struct {
	replayList

	// Database is the restored one, by its name in the policy.
	Database string `json:"database"`
	// Results are those of the erasures that were done again; none without --execute.
	Results []replay.Result `json:"results"`
}

// replayFlags are those of replay run.
type replayFlags struct{ database, execute string }

func newReplayRun(a *app) *cobra.Command {
	var flags replayFlags

	command := &cobra.Command{
		Use: "run", Short: "Erase again in a restored database",
		Long: "Shows the erasures that a restored database must go through again; with --execute and the hash of that list does them,\n" +
			"one after the other, and verifies each. The database is named by " + restoredVariable + ", with a login that may erase;\n" +
			"replay.identity lies in STEWARD_KEYS_DIR. Run it before anybody works with the database. It may be run again.",
		Example: "  steward replay run --database app\n" +
			"  steward replay run --database app --execute e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.replay(command.Context(), flags)
		},
	}
	command.Flags().StringVar(&flags.database, "database", "app", "the restored database, by its name in the policy")
	command.Flags().StringVar(&flags.execute, "execute", "", "the hash of the list that was shown: do it")

	return command
}

func (a *app) replay(ctx context.Context, flags replayFlags) (err error) {
	settings, rules, err := a.load()
	if err != nil {
		return err
	}

	steward, err := a.database(ctx, settings)
	if err != nil {
		return err
	}

	result := replayed{Database: flags.database, Results: []replay.Result{}}
	if result.replayList, err = decided(ctx, steward); err != nil {
		return err
	}

	if flags.execute == "" {
		return a.showReplayed(result)
	}

	if flags.execute != result.Hash {
		return failure.New(failure.PlanChanged, "erasing again (the list is not the one that was shown)")
	}

	in, err := a.restored(ctx, settings, rules, flags.database)
	if err != nil {
		return err
	}
	defer in.db.Close()

	left := false

	for _, each := range result.Erasures {
		came, err := in.again(ctx, each.Erasure)
		if err != nil {
			return err
		}

		left = left || len(came.Left) > 0
		result.Results = append(result.Results, came)
	}

	if err := a.showReplayed(result); err != nil || !left {
		return err
	}

	return failure.New(failure.RemaindersFound, "verifying what was erased again")
}

func (a *app) showReplayed(result replayed) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	if len(result.Results) == 0 {
		if err := a.showReplays(result.replayList); err != nil || len(result.Erasures) == 0 {
			return err
		}

		return a.console.Say("do it: steward replay run --database %s --execute %s", result.Database, result.Hash)
	}

	for _, each := range result.Results {
		if err := a.console.Say("%s in %s: %s %d", each.Erasure, each.Store, each.Outcome.Kind, each.Outcome.Count); err != nil {
			return err
		}

		for _, left := range each.Left {
			if err := a.console.Say("  left: %d in %s (%s)", left.Rows, left.Place, left.Why); err != nil {
				return err
			}
		}
	}

	return nil
}
