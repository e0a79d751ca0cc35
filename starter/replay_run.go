package main

import (
	"context"
	"errors"

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
	// Refused are those that could not be done again: their subjects are still in the restored database.
	Refused []refusedReplay `json:"refused"`
}

// refusedReplay is an erasure that was not done again.
type refusedReplay struct {
	// Erasure is its opaque id.
	Erasure string `json:"erasure"`
	// Code says why, such as replay_invalid where its record is not what was written.
	Code failure.Code `json:"code"`
}

// replayFlags are those of replay run.
type replayFlags struct {
	database, execute string
	buckets           map[string]string
}

func newReplayRun(a *app) *cobra.Command {
	var flags replayFlags

	command := &cobra.Command{
		Use: "run", Short: "Erase again in a restored database",
		Long: "Shows the erasures that a restored database must go through again; with --execute and the hash of that list does them,\n" +
			"one after the other, and verifies each. One that cannot be done, for its record is lost or damaged, is named and does not\n" +
			"stop the others. The database is named by " + restoredVariable + ", with a login that may erase;\n" +
			"replay.identity lies in STEWARD_KEYS_DIR. Run it before anybody works with the database. It may be run again.\n" +
			"Files that were restored into a bucket go too where --bucket names it; whose row names a file is asked of the same database:\n" +
			"where only files were restored, that is the app's own.",
		Example: "  steward replay run --database app\n" +
			"  steward replay run --database app --execute e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.replay(command.Context(), flags)
		},
	}
	command.Flags().StringVar(&flags.database, "database", "app", "the restored database, by its name in the policy")
	command.Flags().StringVar(&flags.execute, "execute", "", "the hash of the list that was shown: do it")

	command.Flags().StringToStringVar(&flags.buckets, "bucket", nil,
		"a bucket of the app, and the one that its files were restored into: --bucket demo-app-uploads=example-restored")

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

	result := replayed{Database: flags.database, Results: []replay.Result{}, Refused: []refusedReplay{}}
	if result.replayList, err = decided(ctx, steward); err != nil {
		return err
	}

	if flags.execute == "" {
		return a.showReplayed(result)
	}

	if flags.execute != result.Hash {
		return failure.New(failure.PlanChanged, "erasing again (the list is not the one that was shown)")
	}

	in, err := a.restored(ctx, settings, rules, flags)
	if err != nil {
		return err
	}
	defer in.db.Close()

	ended := in.all(ctx, &result)

	return joined(a.showReplayed(result), ended)
}

// all does all of them again, whatever comes of one: a record that is damaged keeps nobody else in the restored data. It
// gives the first failure, or that something is left.
func (r restored) all(ctx context.Context, result *replayed) (first error) {
	left := false

	for _, each := range result.Erasures {
		came, err := r.again(ctx, each.Erasure)
		if ctx.Err() != nil {
			return failure.Wrap(failure.Unavailable, "erasing again", errors.Join(ctx.Err(), err))
		}

		if err != nil {
			err = failure.Wrap(failure.Unavailable, "erasing "+each.Erasure+" again", err)
			first = joined(first, err)
			result.Refused = append(result.Refused, refusedReplay{Erasure: each.Erasure, Code: failure.CodeOf(err)})

			continue
		}

		for _, each := range came {
			left = left || len(each.Left) > 0
		}

		result.Results = append(result.Results, came...)
	}

	if first == nil && left {
		return failure.New(failure.RemaindersFound, "verifying what was erased again")
	}

	return first
}

func (a *app) showReplayed(result replayed) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	if len(result.Results)+len(result.Refused) == 0 {
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

	for _, each := range result.Refused {
		if err := a.console.Say("%s was not erased again: %s", each.Erasure, each.Code); err != nil {
			return err
		}
	}

	return nil
}
