package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/operator"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/prune"
	"steward/internal/removal"
	"steward/workflows"
)

func newBackupPrune(a *app) *cobra.Command {
	var (
		execute string
		all     bool
	)

	command := &cobra.Command{
		Use: "prune", Short: "Show what is past its time, and remove it by hand",
		Long: "Shows the plan of now: for each object of the backups' bucket whether it goes, stays, waits or is\n" +
			"missing, and why. Nothing is changed. The hourly prune does the same by itself.\n\n" +
			"The plan holds the databases in the first location only. Files, and copies in other locations, are in no\n" +
			"plan by hand; the hourly prune removes them too, and docs/runbooks.md says how not to wait for it.\n\n" +
			"With --execute and the hash of a plan that was shown, the worker removes what that plan removes, if it\n" +
			"comes to the same plan by its own look and clock; else nothing is done (exit code 7). The ledger gets an\n" +
			"entry before and one after, under an opaque id of whoever is logged in to the steward database.",
		Example: "  steward backup prune\n  steward backup prune --json | jq -r .hash\n  steward backup prune --execute 2-0f3a...",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			return a.prune(command.Context(), execute, all)
		},
	}
	command.Flags().StringVar(&execute, "execute", "", "the hash of the plan to carry out")
	command.Flags().BoolVar(&all, "all", false, "also show objects that simply stay")

	return command
}

func (a *app) prune(ctx context.Context, execute string, all bool) error {
	settings, rules, err := a.load()
	if err != nil {
		return err
	}

	db, err := a.database(ctx, settings)
	if err != nil {
		return err
	}

	result, err := a.plan(ctx, settings, rules, db)
	if err != nil {
		return err
	}

	if execute == "" {
		return a.showPlan(result, all)
	}

	hash, err := agreed(execute, result)
	if err != nil {
		return err
	}

	if result.Mode != promise.Enforce {
		return failure.New(failure.ObservedOnly, "pruning by hand")
	}

	done, err := a.executePrune(ctx, settings, db, hash)
	if err != nil {
		return err
	}

	result.Executed = []executedPrune{done}

	return a.showExecuted(result)
}

// agreed compares the plan of now with the one that was shown, and gives its hash as
// an act holds it.
func agreed(execute string, now pruneResult) (string, error) {
	hash, err := prune.Agreed(execute)

	switch {
	case err != nil:
		return "", failure.Wrap(failure.PlanChanged, "reading --execute ("+err.Error()+")", err)
	case execute != now.Hash:
		return "", failure.New(failure.PlanChanged, "comparing the plan of now with the one that was shown")
	default:
		return hash, nil
	}
}

// plan looks at catalogue and bucket, and decides as the worker would.
func (a *app) plan(ctx context.Context, settings config.Config, rules *policy.Policy, db *postgres.DB) (pruneResult, error) {
	storage, err := a.storage(ctx, settings)
	if err != nil {
		return pruneResult{}, err
	}

	result := pruneResult{
		AsOf: settings.Clock().Now(), Mode: rules.Promises.Backups.Mode, Backups: []plannedBackup{}, Objects: []plannedObject{},
		NotShown: notShown(rules),
	}

	plan, err := removal.Look(ctx, db, storage.Bucket(rules.Storage.Backups), removal.RuleOf(rules), result.AsOf)
	if err != nil {
		return result, err
	}

	result.Hash, result.Effects = plan.Agreement(), len(plan.Effects())

	for _, v := range plan.Backups {
		result.Backups = append(result.Backups, plannedBackup{
			ID: v.Backup, Database: v.Database, Action: v.Action, Due: v.Due, Late: v.Late, Ends: v.Ends, Honours: v.Honours, Reason: v.Reason,
		})
	}

	for _, d := range plan.Objects {
		result.Objects = append(result.Objects, plannedObject{
			Name: d.Name, Generation: d.Generation, Backup: d.Backup, Action: d.Action, Hold: d.Hold, Due: d.Due, Until: d.Until,
			Late: d.Late, Reason: d.Reason,
		})
	}

	return result, nil
}

// executePrune records what is asked, then lets the workers do it. Temporal is
// reached first: what is not asked in the database leaves no trace.
func (a *app) executePrune(ctx context.Context, settings config.Config, db *postgres.DB, hash string) (executedPrune, error) {
	temporal, _, err := a.temporal(ctx)
	if err != nil {
		return executedPrune{}, err
	}

	act, err := operator.Ask(ctx, db, operator.PruneBackups, hash, settings.Clock().Now())
	if err != nil {
		return executedPrune{}, err
	}

	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ids.PruneByHand(act), TaskQueue: workflows.CoreQueue,
		StaticSummary: "Remove by hand what is past its time, prove it gone",
	}, workflows.PruneByHandName, workflows.PruneByHandParams{Act: act})
	if err != nil {
		return executedPrune{}, failure.Wrap(failure.TemporalUnavailable, "starting the prune", err)
	}

	var done activities.PruneResult
	if err := run.Get(ctx, &done); err != nil {
		if ctx.Err() != nil {
			return executedPrune{}, failure.Wrap(failure.StillRunning, "waiting for the prune", context.Cause(ctx))
		}

		return executedPrune{}, failure.New(boundary.CodeOf(err), "pruning by hand, act "+act)
	}

	return executedPrune{
		Act: act, Removed: done.Removed, Leftovers: done.Orphans, Exceptions: done.Exceptions, Waiting: done.Waiting,
	}, nil
}

func (a *app) showExecuted(result pruneResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	done := result.Executed[0]

	return a.console.Say("%d backups and %d leftovers are proven gone, %d stay as an exception, %d objects wait (%s)",
		done.Removed, done.Leftovers, done.Exceptions, done.Waiting, done.Act)
}

// number is a generation as people read it.
func number(generation int64) string {
	if generation == 0 {
		return "unknown"
	}

	return strconv.FormatInt(generation, 10)
}
