package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/due"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/quantity"
	"steward/workflows"
)

// runFlags are those of backup run.
type runFlags struct {
	database  string
	all, wait bool
	noWait    bool
	timeout   time.Duration
}

func newBackupRun(a *app) *cobra.Command {
	var flags runFlags

	command := &cobra.Command{
		Use: "run", Short: "Make today's backup of a database, of files, or of all",
		Long: "Starts today's backup and waits until it was drilled. The day begins when its schedule does, not at\n" +
			"midnight. A day is done once: asked for a day that is done or at work, it answers with what exists.\n" +
			"Without --database and --all it takes the only database of the policy. The run goes on when this\n" +
			"command ends early; exit code 6 says that it was still running when the time to wait was over.",
		Example: "  steward backup run --all\n  steward backup run --database app --no-wait --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			settings, rules, err := a.load()
			if err != nil {
				return err
			}

			names, err := flags.databases(rules)
			if err != nil {
				return err
			}

			temporal, namespace, err := a.temporal(command.Context())
			if err != nil {
				return err
			}

			window := due.Window{Zone: rules.Company.Zone, At: rules.Promises.Backups.At}
			day := window.Today(settings.Clock().Now()).String()

			return a.runBackups(command.Context(), temporal, flags, batch{names: names, day: day, at: places(settings, namespace)})
		},
	}
	command.Flags().StringVar(&flags.database, "database", "", "the database, by its name in the policy; files/NAME for files")
	command.Flags().BoolVar(&flags.all, "all", false, "every database and all files of the policy")
	command.Flags().BoolVar(&flags.wait, "wait", true, "wait until it was drilled")
	command.Flags().BoolVar(&flags.noWait, "no-wait", false, "only start it")
	command.Flags().DurationVar(&flags.timeout, "timeout", 0, "how long to wait, such as 30m; 0 waits as long as it takes")

	return command
}

// databases are those that the flags name.
func (f runFlags) databases(rules *policy.Policy) ([]string, error) {
	names := rules.Promises.Backups.Items()

	switch {
	case f.all && f.database != "":
		return nil, failure.New(failure.UsageWrong, "choosing a database (either --database or --all)")
	case f.all || f.database == "" && len(names) == 1:
		return names, nil
	case f.database == "":
		return nil, failure.New(failure.UsageWrong, "choosing a database (name one with --database, or take --all)")
	case !slices.Contains(names, f.database):
		return nil, failure.New(failure.UnknownDatabase, "choosing a database")
	default:
		return []string{f.database}, nil
	}
}

// place is where links lead.
type place struct{ ui, namespace string }

func places(settings config.Config, namespace string) place {
	return place{ui: settings.TemporalUI, namespace: namespace}
}

// batch is what is to be run together.
type batch struct {
	names []string
	day   string
	at    place
}

// runBackups starts every run before it waits for the first: they are
// independent, and the worker decides how many it does at once.
func (a *app) runBackups(ctx context.Context, temporal client.Client, flags runFlags, what batch) error {
	if flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, flags.timeout, failure.New(failure.StillRunning, "waiting for the backups"))
		defer cancel()
	}

	runs := make([]follower, len(what.names))

	for i, name := range what.names {
		run, err := startBackup(ctx, temporal, name, what.day)
		if err != nil {
			return err
		}

		runs[i] = follower{app: a, temporal: temporal, run: run, database: name, at: what.at}
		if err := runs[i].started(); err != nil {
			return err
		}
	}

	if flags.noWait || !flags.wait {
		return nil
	}

	var failures []error

	for i := range runs {
		if err := runs[i].wait(ctx); err != nil {
			failures = append(failures, err)
		}

		// When the time is over each of the others still says how far it is.
		if errors.Is(ctx.Err(), context.Canceled) {
			break
		}
	}

	return a.worst(failures)
}

// worst tells people of every failure but the worst, which is the error to end
// with; programs were told of each run by its own line.
func (a *app) worst(failures []error) error {
	if len(failures) == 0 {
		return nil
	}

	worst := failures[0]

	for _, err := range failures {
		if severity(err) > severity(worst) {
			worst = err
		}
	}

	for _, err := range failures {
		if err != worst && !a.console.JSON { //nolint:errorlint // this very value
			a.console.Report(console.Explain(err))
		}
	}

	return worst
}

// severity ranks failures by their exit codes: that a run is not done yet is the
// least, that a backup does not hold the most.
func severity(err error) int {
	rising := []failure.Exit{
		failure.Pending, failure.Usage, failure.Declined, failure.Failed, failure.NotAllowed, failure.Refused, failure.Broken,
	}

	return slices.Index(rising, failure.Lookup(failure.CodeOf(err)).Exit)
}

// startBackup starts today's run of one database. Asked again while it is at
// work it gives that run; asked when it is done it starts one that finds the day
// done and says so.
func startBackup(ctx context.Context, temporal client.Client, database, day string) (client.WorkflowRun, error) {
	if files, found := filesIn(database); found {
		return startFiles(ctx, temporal, files, day)
	}

	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ids.BackupOf(database, day), TaskQueue: workflows.CoreQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Back up " + database + " by hand, restore it elsewhere, compare",
	}, workflows.DailyBackupName, workflows.DailyBackupParams{Database: database})

	return run, failure.Wrap(failure.TemporalUnavailable, "starting the backup of "+database, err)
}

// said is the end of a run as people read it.
func said(database string, result workflows.DailyBackupResult) string {
	if _, found := filesIn(database); found {
		return fmt.Sprintf("%s of %s: %s, %s, read again and compared in %.1f s (%s)", database, result.Day, result.State,
			quantity.Bytes(result.Bytes), result.DrillSeconds, result.Backup)
	}

	return fmt.Sprintf("%s of %s: %s, %s in %d rows, restored and compared in %.1f s (%s)", database, result.Day, result.State,
		quantity.Bytes(result.Bytes), result.Rows, result.DrillSeconds, result.Backup)
}
