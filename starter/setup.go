package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/guard"
	"steward/internal/setup"
)

// visible is how long a new search attribute may take until every node of a
// Temporal cluster knows it; some ten seconds are usual.
const visible = time.Minute

func newSetup(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "setup", Short: "Bring databases, buckets and Temporal into the state that the policy needs",
		Long: "Applies migrations, makes missing buckets, registers the namespace and the search attributes,\n" +
			"creates and updates schedules. Run it at each deploy, as the owner of the steward database: what is\n" +
			"right already stays untouched.\n\n" +
			"What would take something away is only reported: a bucket that differs (exit code 7, after everything\n" +
			"else was done), a schedule that a person paused. The schedule of a database that left the policy is\n" +
			"paused, not deleted; it goes on when the policy names the database again.",
		Example: "  steward setup\n  steward setup --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			work, err := a.newSetup(command)
			if err != nil {
				return err
			}

			progress := a.console.Progress(time.Time{})
			work.Tell = func(step setup.Step) { progress.Show(time.Time{}, step.Area+" "+step.Name) }
			report, err := work.Run(command.Context())
			progress.Done()

			if shown := a.showSetup(report); err == nil {
				err = joined(shown, report.Err())
			}

			return err
		},
	}
}

func (a *app) newSetup(command *cobra.Command) (*setup.Setup, error) {
	settings, rules, err := a.load()
	if err != nil {
		return nil, err
	}

	ctx := command.Context()

	db, err := a.database(ctx, settings)
	if err != nil {
		return nil, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return nil, err
	}

	temporal, namespace, err := a.temporal(ctx)
	if err != nil {
		return nil, err
	}

	return &setup.Setup{
		URL: settings.StewardDatabase, Steward: db, Clock: settings.Clock(), Storage: storage, Temporal: temporal, Namespace: namespace,
		Attributes: attributes(), Buckets: guard.Buckets(rules, settings.Location), Schedules: schedules(rules), Files: rules.Storage.Files,
		Wait: settings.Patience().Of(visible),
	}, nil
}

func (a *app) showSetup(report setup.Report) error {
	if a.console.JSON {
		return a.console.Document(report)
	}

	tones := map[setup.Outcome]console.Tone{
		setup.Unchanged: console.Faint, setup.Created: console.Good, setup.Updated: console.Good,
		setup.Paused: console.Warning, setup.Differs: console.Bad,
	}
	table := console.Table{Head: []string{"AREA", "NAME", "OUTCOME"}, Empty: "nothing was done"}

	for _, step := range report.Steps {
		table.Rows = append(table.Rows, console.Row{
			Cells: []console.Cell{{Text: step.Area}, {Text: step.Name}, {Text: string(step.Outcome), Tone: tones[step.Outcome]}},
			Note:  strings.Join(step.Changes, "; "),
		})
	}

	return a.console.Table(table)
}
