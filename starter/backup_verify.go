package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/console"
	"steward/internal/doctor/stored"
	"steward/internal/failure"
	"steward/internal/keys"
	"steward/internal/postgres"
)

// verifiedResult is what backup verify prints.
type verifiedResult struct {
	// AsOf is the instant of the comparison.
	AsOf time.Time `json:"as_of"`
	// Good, Bad and Skipped count the verdicts.
	Good int `json:"good"`
	// Bad is how many backups are not as the catalogue says.
	Bad int `json:"bad"`
	// Skipped is how many had nothing to compare.
	Skipped int `json:"skipped"`
	// Backups are the comparisons, the newest day first.
	Backups []stored.Result `json:"backups"`
}

func newBackupVerify(a *app) *cobra.Command {
	var all bool

	command := &cobra.Command{
		Use: "verify [ID]", Short: "Compare the catalogue with what lies in the bucket",
		Long: "Fetches the manifest of each backup by its generation, checks its signature against the key in the\n" +
			"policy and its hash against the catalogue, and looks for each object that it names: generation, size,\n" +
			"checksum. It decrypts nothing and needs no private key. Copies in other locations are compared with the\n" +
			"manifest that lies beside them. Without an ID it looks at all backups that exist. Exit code 5 when something is off.",
		Example: "  steward backup verify\n  steward backup verify bkp_nb2hi4dthixs653xo4xg2zi3ke --json",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			if all && len(given) > 0 {
				return failure.New(failure.UsageWrong, "reading the command line (either an ID or --all)")
			}

			ctx := command.Context()

			checker, db, clock, err := a.checker(ctx)
			if err != nil {
				return err
			}

			copies, err := a.copyChecker(ctx, checker)
			if err != nil {
				return err
			}

			backups, err := chosen(ctx, db, given)
			if err != nil {
				return err
			}

			result, err := a.verify(ctx, checker, copies, backups, clock.Now())
			if err != nil {
				return err
			}

			if err := a.showVerified(result); err != nil || result.Bad == 0 {
				return err
			}

			return failure.New(failure.EvidenceMissing, fmt.Sprintf("verifying backups (%d of %d are not as the catalogue says)",
				result.Bad, len(result.Backups)))
		},
	}
	command.Flags().BoolVar(&all, "all", false, "look at all backups that exist; the same as no ID")

	return command
}

//nolint:revive // four things that belong to one opened catalogue
func (a *app) checker(ctx context.Context) (*stored.Checker, *postgres.DB, clocks.Clock, error) {
	settings, rules, err := a.load()
	if err != nil {
		return nil, nil, nil, err
	}

	db, err := a.database(ctx, settings)
	if err != nil {
		return nil, nil, nil, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return nil, nil, nil, err
	}

	key, err := keys.Verifier(rules.Keys.Manifest)

	return &stored.Checker{Steward: db, Bucket: storage.Bucket(rules.Storage.Backups), Verifier: key}, db, settings.Clock(), err
}

func chosen(ctx context.Context, db *postgres.DB, given []string) ([]catalogue.Backup, error) {
	if len(given) == 0 {
		return catalogue.Kept(ctx, db)
	}

	one, err := catalogue.Get(ctx, db, given[0])

	return []catalogue.Backup{one}, err
}

func (a *app) verify(
	ctx context.Context, checker *stored.Checker, copies *copyChecker, backups []catalogue.Backup, asOf time.Time,
) (verifiedResult, error) {
	result := verifiedResult{AsOf: asOf, Backups: []stored.Result{}}

	progress := a.console.Progress(clocks.System().Now())
	defer progress.Done()

	for i, backup := range backups {
		progress.Show(clocks.System().Now(), fmt.Sprintf("comparing %d of %d: %s of %s", i+1, len(backups), backup.Database, backup.Day))

		one, err := checker.Check(ctx, backup, asOf)
		if err != nil {
			return result, err
		}

		result.add(one)

		for _, copied := range copies.known[backup.ID] {
			one, err := checker.CheckCopy(ctx, backup, copied, copies.storage.Bucket(copied.Bucket), asOf)
			if err != nil {
				return result, err
			}

			result.add(one)
		}
	}

	return result, nil
}

func (r *verifiedResult) add(one stored.Result) {
	r.Backups = append(r.Backups, one)

	switch one.Verdict {
	case stored.Good:
		r.Good++
	case stored.Skipped:
		r.Skipped++
	case stored.Bad:
		r.Bad++
	default:
		r.Bad++ // unknown is failure
	}
}

func (a *app) showVerified(result verifiedResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	tones := map[stored.Verdict]console.Tone{stored.Good: console.Good, stored.Bad: console.Bad, stored.Skipped: console.Faint}
	table := console.Table{Head: []string{"DAY", databaseColumn, stateColumn, "COPY IN", "VERDICT", backupColumn}, Empty: "there is no backup to compare"}

	for _, one := range result.Backups {
		row := console.Row{Cells: []console.Cell{
			{Text: one.Day},
			{Text: one.Database},
			{Text: string(one.State)},
			{Text: console.OrDash(one.Location)},
			{Text: string(one.Verdict), Tone: tones[one.Verdict]},
			{Text: one.Backup},
		}}
		for _, finding := range one.Findings {
			row.Note += finding.Object + ": " + finding.Says + " "
		}

		table.Rows = append(table.Rows, row)
	}

	return a.console.Table(table)
}
