package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/console"
	"steward/internal/doctor/stored"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/keys"
	"steward/internal/policy"
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
	// Files are those of files, the newest day first.
	Files []stored.FilesResult `json:"files"`
}

// count adds one verdict.
func (r *verifiedResult) count(verdict stored.Verdict) {
	switch verdict {
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

// kept are the backups that are to be compared.
type kept struct {
	databases []catalogue.Backup
	files     []filecatalogue.Backup
}

func newBackupVerify(a *app) *cobra.Command {
	var all bool

	command := &cobra.Command{
		Use: "verify [ID]", Short: "Compare the catalogue with what lies in the bucket",
		Long: "Fetches the manifest of each backup by its generation, checks its signature against the key in the\n" +
			"policy and its hash against the catalogue, and looks for each object that it names: generation, size,\n" +
			"checksum. Of files it looks for every content that the backup names in the bucket's listing. Copies in other\n" +
			"locations are compared with the manifest that lies beside them, also when the original is gone. It decrypts\n" +
			"nothing and needs no private key. Without an ID it looks at all backups that exist somewhere. Exit code 5 when\n" +
			"something is off.",
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

			backups, err := chosen(ctx, db, given, copies)
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
				result.Bad, result.Good+result.Bad+result.Skipped))
		},
	}
	command.Flags().BoolVar(&all, "all", false, "look at all backups that exist somewhere; the same as no ID")

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

	checker := &stored.Checker{Steward: db, Bucket: storage.Bucket(rules.Storage.Backups), Verifier: key}
	if rules.Storage.Files != "" {
		checker.Files = storage.Bucket(rules.Storage.Files)
	}

	return checker, db, settings.Clock(), err
}

func chosen(ctx context.Context, db *postgres.DB, given []string, copies *copyChecker) (all kept, err error) {
	switch {
	case len(given) == 0:
		if all.databases, err = catalogue.List(ctx, db); err == nil {
			all.databases = slices.DeleteFunc(all.databases, copies.nowhere)
			all.files, err = filecatalogue.Kept(ctx, db)
		}
	case ofFiles(given[0]):
		all.files = make([]filecatalogue.Backup, 1)
		all.files[0], err = filecatalogue.Get(ctx, db, given[0])
	default:
		all.databases = make([]catalogue.Backup, 1)
		all.databases[0], err = catalogue.Get(ctx, db, given[0])
	}

	return all, err
}

func (a *app) verify(
	ctx context.Context, checker *stored.Checker, copies *copyChecker, all kept, asOf time.Time,
) (verifiedResult, error) {
	result := verifiedResult{AsOf: asOf, Backups: []stored.Result{}, Files: []stored.FilesResult{}}

	progress := a.console.Progress(clocks.System().Now())
	defer progress.Done()

	tell := func(number int, what, day string) {
		progress.Show(clocks.System().Now(),
			fmt.Sprintf("comparing %d of %d: %s of %s", number, len(all.databases)+len(all.files), what, day))
	}

	for i, backup := range all.databases {
		tell(i+1, backup.Database, backup.Day)

		if err := result.compare(ctx, checker, copies, backup); err != nil {
			return result, err
		}
	}

	for i, backup := range all.files {
		tell(len(all.databases)+i+1, policy.Files{Name: backup.Files}.Item(), backup.Day)

		one, err := checker.CheckFiles(ctx, backup, asOf)
		if err != nil {
			return result, err
		}

		result.Files = append(result.Files, one)
		result.count(one.Verdict)
	}

	return result, nil
}

// compare adds one backup and its copies.
func (r *verifiedResult) compare(ctx context.Context, checker *stored.Checker, copies *copyChecker, backup catalogue.Backup) error {
	one, err := checker.Check(ctx, backup, r.AsOf)
	if err != nil {
		return err
	}

	r.Backups = append(r.Backups, one)
	r.count(one.Verdict)

	for _, copied := range copies.known[backup.ID] {
		one, err := checker.CheckCopy(ctx, backup, copied, copies.storage.Bucket(copied.Bucket), r.AsOf)
		if err != nil {
			return err
		}

		r.Backups = append(r.Backups, one)
		r.count(one.Verdict)
	}

	return nil
}

// verdictRow is one comparison as people read it.
func verdictRow(
	day, of string, state catalogue.State, location string, verdict stored.Verdict, id string, findings []stored.Finding,
) console.Row {
	tones := map[stored.Verdict]console.Tone{stored.Good: console.Good, stored.Bad: console.Bad, stored.Skipped: console.Faint}
	row := console.Row{Cells: []console.Cell{
		{Text: day},
		{Text: of},
		{Text: string(state)},
		{Text: console.OrDash(location)},
		{Text: string(verdict), Tone: tones[verdict]},
		{Text: id},
	}}

	for _, finding := range findings {
		row.Note += finding.Object + ": " + finding.Says + " "
	}

	return row
}

func (a *app) showVerified(result verifiedResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{
		Head: []string{"DAY", "OF", stateColumn, "COPY IN", "VERDICT", backupColumn}, Empty: "there is no backup to compare",
	}

	for _, one := range result.Backups {
		table.Rows = append(table.Rows, verdictRow(one.Day, one.Database, one.State, one.Location, one.Verdict, one.Backup, one.Findings))
	}

	for _, one := range result.Files {
		item := policy.Files{Name: one.Files}.Item()
		table.Rows = append(table.Rows, verdictRow(one.Day, item, one.State, "", one.Verdict, one.Backup, one.Findings))
	}

	return a.console.Table(table)
}
