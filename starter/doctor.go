package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"steward/internal/clocks"
	"steward/internal/console"
	"steward/internal/doctor"
	"steward/internal/guard"
	"steward/internal/login"
)

func newDoctor(a *app) *cobra.Command {
	var flags fixFlags

	command := &cobra.Command{
		Use: "doctor", Short: "Compare every outside system with what the policy needs",
		Long: "Looks at Temporal with its search attributes and schedules, the steward database, every database\n" +
			"that is backed up, PostgreSQL's programs, the drill cluster, the buckets, the ledger, the keys of this\n" +
			"process, the API at STEWARD_API_URL, the mail server, webhooks, the end dates of own records, and erasures. What\n" +
			"this process was not given it does not look at, and says so. It changes nothing and sends no mail. The\n" +
			"exit code is that of the first check that fails; warnings are no failure.\n\n" +
			"With --fix it first mends what differs in the buckets, then looks. It shows what it is about to do.\n" +
			"What destroys nothing and opens nothing it does without a question. What can let something be deleted\n" +
			"or takes a protection away it asks for; where nobody can be asked, it leaves that as it is and ends\n" +
			"with exit code 3, unless --yes says yes beforehand. A bucket that somebody else changes meanwhile is\n" +
			"left alone. What it changes is an act in the ledger, so it needs the steward database.",
		Example: "  steward doctor\n  steward doctor --json | jq '.checks[] | select(.state == \"fail\")'\n  steward doctor --fix",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := flags.check(); err != nil {
				return err
			}

			visit, err := a.newDoctor(command.Context())
			if err != nil {
				return err
			}

			var mends []doctor.Mend

			if flags.fix {
				mends, err = a.fix(command.Context(), visit, flags.yes)
			}

			progress := a.console.Progress(time.Time{})
			visit.Tell = func(area string) { progress.Show(time.Time{}, "looking at "+area) }
			report := visit.Run(command.Context())
			report.Mends = mends
			progress.Done()

			return joined(a.showDoctor(report), joined(err, report.Err()))
		},
	}
	command.Flags().BoolVar(&flags.fix, "fix", false, "mend the settings of buckets first")
	command.Flags().BoolVar(&flags.yes, "yes", false, "say yes to what --fix would ask")

	return command
}

func (a *app) newDoctor(ctx context.Context) (*doctor.Doctor, error) {
	settings, rules, err := a.load()
	if err != nil {
		return nil, err
	}

	options, err := temporalOptions()
	if err != nil {
		return nil, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return nil, err
	}

	return &doctor.Doctor{
		Config: settings, Policy: rules, Clock: settings.Clock(), System: clocks.System(), Storage: storage, Namespace: options.Namespace,
		API:        os.Getenv(login.URLVariable),
		Dial:       func(ctx context.Context) (client.Client, error) { return dial(ctx, options) },
		Attributes: attributes(), Buckets: guard.Buckets(rules, settings.Location), Schedules: schedules(rules),
	}, nil
}

func (a *app) showDoctor(report doctor.Report) error {
	if a.console.JSON {
		return a.console.Document(report)
	}

	tones := map[doctor.State]console.Tone{
		doctor.OK: console.Good, doctor.Warn: console.Warning, doctor.Fail: console.Bad, doctor.Skipped: console.Faint,
	}
	table := console.Table{Head: []string{"AREA", "CHECK", stateColumn, "WHAT WAS SEEN"}, Empty: "nothing was looked at"}
	table.Rows = mendRows(report.Mends)

	for _, check := range report.Checks {
		table.Rows = append(table.Rows, console.Row{Cells: []console.Cell{
			{Text: check.Area}, {Text: check.Name}, {Text: string(check.State), Tone: tones[check.State]}, {Text: check.Says},
		}, Note: check.Hint})
	}

	return a.console.Table(table)
}
