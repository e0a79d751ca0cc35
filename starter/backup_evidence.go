package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/calendar"
	"steward/internal/console"
	"steward/internal/console/webui"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/keys"
	"steward/internal/policy"
	"steward/internal/report"
	"steward/workflows"
)

// evidenceMode is that of an evidence file: it is meant to be given away.
const evidenceMode = 0o644

// evidenceFlags are those of backup evidence.
type evidenceFlags struct {
	month, database, out string
	timeout              time.Duration

	// since is when the command was called: an answer from before it is another's.
	since time.Time
}

// evidenceResult is what backup evidence prints.
type evidenceResult struct {
	// Month is the month of the report.
	Month string `json:"month"`
	// AsOf is its instant.
	AsOf time.Time `json:"as_of"`
	// Holds says that nothing was found broken.
	Holds bool `json:"holds"`
	// SHA256 is the hash that the signature is over, in hex.
	SHA256 string `json:"sha256"`
	// File is the signed report, which "steward backup check-evidence" takes.
	File string `json:"file"`
	// Page is the same to print.
	Page string `json:"page"`
	// WorkflowID names the run in Temporal that made it.
	WorkflowID string `json:"workflow_id"`
	// Databases are the months of the databases, the files and the copies, without their days.
	Databases []evidenceRow `json:"databases"`
}

// evidenceRow is the month of one database, one set of files or the copies in one place.
type evidenceRow struct {
	// Name is its name in the policy; that of files begins with files/, that of copies with copies/.
	Name string `json:"name"`
	// Totals count the days.
	Totals report.Totals `json:"totals"`
	// RPO is how much could have been lost, as measured.
	RPO report.RPO `json:"rpo"`
	// RTO is how long a restore took, as measured.
	RTO report.RTO `json:"rto"`
}

func newBackupEvidence(a *app) *cobra.Command {
	var flags evidenceFlags

	command := &cobra.Command{
		Use: "evidence", Short: "Write the signed evidence of one month, and a page to print",
		Long: "Lets the core worker assemble the evidence of a month from catalogue and ledger and sign it, checks the\n" +
			"signature and that it is the answer to this question, and writes backup-evidence-MONTH.json and .html:\n" +
			"each business day with what was taken, drilled, pruned, missed or kept as an exception, and the entries\n" +
			"that prove it. The month that is not over is told up to now. The file can be checked by anybody: steward backup check-evidence",
		Example: "  steward backup evidence --month 2026-11\n  steward backup evidence --month 2026-11 --database app --out reports --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			settings, rules, err := a.load()
			if err != nil {
				return err
			}

			if flags.month == "" {
				flags.month = calendar.MonthOf(settings.Clock().Now(), rules.Company.Zone).String()
			}

			if _, err := calendar.ParseMonth(flags.month); err != nil {
				return failure.New(failure.UsageWrong, "reading --month (it is written as 2026-11)")
			}

			temporal, namespace, err := a.temporal(command.Context())
			if err != nil {
				return err
			}

			flags.since = settings.Clock().Now()

			return a.writeEvidence(command.Context(), temporal, flags, rules, places(settings, namespace))
		},
	}
	command.Flags().StringVar(&flags.month, "month", "", "the month, as 2026-11; without it the one that is now")
	command.Flags().StringVar(&flags.database, "database", "",
		"only this database, files as files/NAME, or copies as copies/LOCATION/NAME, where one report would be too large")
	command.Flags().StringVar(&flags.out, "out", ".", "the folder to write to")
	command.Flags().DurationVar(&flags.timeout, "timeout", 0, "how long to wait, such as 5m; 0 waits as long as it takes")

	return command
}

// writeEvidence asks for the report, believes it only with a good signature, and
// writes both files.
func (a *app) writeEvidence(
	ctx context.Context, temporal client.Client, flags evidenceFlags, rules *policy.Policy, at place,
) error {
	if flags.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, flags.timeout, failure.New(failure.StillRunning, "waiting for the report"))
		defer cancel()
	}

	run, err := startEvidence(ctx, temporal, flags)
	if err != nil {
		return err
	}

	if at.ui != "" {
		a.console.Notef("%s", webui.Workflow(at.ui, at.namespace, run.GetID()))
	}

	signed, opened, err := answer(ctx, run, flags, rules)
	if err != nil {
		return err
	}

	result, err := writeFiles(opened, signed, flags)
	if err != nil {
		return err
	}

	result.WorkflowID = run.GetID()

	return a.showEvidence(result)
}

// answer waits for the report, and believes it only with a good signature, and if it
// is what was asked for.
func answer(
	ctx context.Context, run client.WorkflowRun, flags evidenceFlags, rules *policy.Policy,
) (signed report.Signed, opened report.Report, err error) {
	var made activities.ReportResult
	if err := run.Get(ctx, &made); err != nil {
		if ctx.Err() != nil {
			return signed, opened, failure.Wrap(failure.StillRunning, "waiting for the report", context.Cause(ctx))
		}

		return signed, opened, failure.New(boundary.CodeOf(err), "making the report")
	}

	verifier, err := keys.Verifier(rules.Keys.Ledger)
	if err != nil {
		return signed, opened, err
	}

	signed = report.Signed{Report: made.Report, Note: made.Note}

	if opened, err = signed.Open(verifier); err != nil {
		return signed, opened, err
	}

	return signed, opened, flags.answered(opened, rules)
}

// startEvidence starts the report's run, or gives the one that is at work on it.
func startEvidence(ctx context.Context, temporal client.Client, flags evidenceFlags) (client.WorkflowRun, error) {
	run, err := temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: ids.BackupEvidence(flags.month, flags.database), TaskQueue: workflows.CoreQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            "Sign the evidence of backups of " + flags.month,
	}, workflows.BackupEvidenceName, workflows.BackupEvidenceParams{Month: flags.month, Database: flags.database})

	return run, failure.Wrap(failure.TemporalUnavailable, "starting the report", err)
}

// writeFiles writes the signed file and the page, each whole or not at all.
func writeFiles(opened report.Report, signed report.Signed, flags evidenceFlags) (evidenceResult, error) {
	name := "backup-evidence-" + flags.month
	if flags.database != "" {
		name += "-" + strings.ReplaceAll(flags.database, "/", "-")
	}

	text, err := signed.File()
	if err != nil {
		return evidenceResult{}, err
	}

	page, err := report.Page(opened, signed, name+".json")
	if err != nil {
		return evidenceResult{}, err
	}

	result := evidenceResult{
		Month: opened.Month, AsOf: opened.AsOf, Holds: opened.Holds, SHA256: report.Hash([]byte(signed.Report)),
		File: filepath.Join(flags.out, name+".json"), Page: filepath.Join(flags.out, name+".html"), Databases: []evidenceRow{},
	}
	for _, each := range opened.Databases {
		result.Databases = append(result.Databases, evidenceRow{Name: each.Name, Totals: each.Totals, RPO: each.RPO, RTO: each.RTO})
	}

	if err := writeWhole(result.File, text); err != nil {
		return result, err
	}

	return result, writeWhole(result.Page, page)
}

// writeWhole replaces a file at once; a crash leaves the old one, or a part of
// the new one under another name.
func writeWhole(path string, text []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, text, evidenceMode); err != nil {
		return failure.Wrap(failure.UsageWrong, "writing the evidence", err)
	}

	return failure.Wrap(failure.UsageWrong, "writing the evidence", os.Rename(part, path))
}

func (a *app) showEvidence(result evidenceResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{databaseColumn, dueColumn, "PROVEN", "MISSED", "LARGEST GAP", "LONGEST RESTORE", "BROKEN"}}
	for _, each := range result.Databases {
		table.Add(console.Cells(each.Name, strconv.Itoa(each.Totals.Due), strconv.Itoa(each.Totals.Proven), strconv.Itoa(each.Totals.Missed),
			(time.Duration(each.RPO.LargestSeconds) * time.Second).String(), (time.Duration(each.RTO.MaxMS) * time.Millisecond).String(),
			strconv.Itoa(each.Totals.Broken))...)
	}

	return joined(a.console.Table(table), a.console.Say("\n%s\n%s\ncheck it: steward backup check-evidence %s",
		result.File, result.Page, result.File))
}
