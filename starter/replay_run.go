package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/replay"
)

// replayed is what replay run prints: what is to be done, and how each came out.
type replayed struct {
	replayList

	// Database is the restored one, by its name in the policy.
	Database string `json:"database"`
	// Buckets are the restored ones, by those of the app.
	Buckets map[string]string `json:"buckets"`
	// Unnamed are those of the app for which no restored one was named: what was restored of their files is not erased again.
	Unnamed []string `json:"buckets_not_named"`
	// Results are those of the erasures that were done again; none without --execute.
	Results []replay.Result `json:"results"`
	// Refused are those that could not be done again: their subjects are still in the restored database, but for what Results have
	// of them.
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
	// pairs are of the form APP=RESTORED.
	pairs []string
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

	command.Flags().StringArrayVar(&flags.pairs, "bucket", nil,
		"a bucket of the app, and the one that its files were restored into, as often as there are such: demo-app-uploads=example-restored")

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

	read, err := datamap.Load(settings.DataMap)
	if err != nil {
		return err
	}

	of := read.Database(flags.database)
	if of == nil {
		return failure.New(failure.UnknownDatabase, "looking for "+flags.database+" in the data map")
	}

	buckets, err := pairsOf(flags.pairs)
	if err != nil {
		return err
	}

	known := bucketsOf(read, flags.database, rules)
	if err := known.refuse(buckets, rules.OwnBuckets()); err != nil {
		return err
	}

	result := replayed{
		Database: flags.database, Buckets: buckets, Unnamed: known.unnamed(buckets), Results: []replay.Result{}, Refused: []refusedReplay{},
	}
	if result.replayList, err = decided(ctx, steward); err != nil {
		return err
	}

	result.Hash = withBuckets(result.Hash, buckets)

	if flags.execute == "" {
		return a.showReplayed(result)
	}

	if flags.execute != result.Hash {
		return failure.New(failure.PlanChanged, "erasing again (the list, or the restored buckets, are not those that were shown)")
	}

	in, err := a.restored(ctx, settings, rules, *of, buckets)
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
		result.Results = append(result.Results, came...)

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

		if err := a.showBuckets(result); err != nil {
			return err
		}

		return a.console.Say("do it: steward replay run --database %s%s --execute %s", result.Database, flagsOf(result.Buckets), result.Hash)
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

	return a.showBuckets(result)
}

// showBuckets says into which buckets nobody looks.
func (a *app) showBuckets(result replayed) error {
	for _, name := range result.Unnamed {
		err := a.console.Say("what was restored of the files of %s is not looked at: --bucket %s=RESTORED names where it is", name, name)
		if err != nil {
			return err
		}
	}

	return nil
}

// flagsOf are the flags that name restored buckets.
func flagsOf(buckets map[string]string) string {
	var text strings.Builder

	for _, app := range slices.Sorted(maps.Keys(buckets)) {
		text.WriteString(" --bucket " + app + "=" + buckets[app])
	}

	return text.String()
}
