package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/clocks"
	"steward/internal/console"
	"steward/internal/doctor/copies"
	"steward/internal/failure"
	"steward/internal/ledger/audit"
)

// ledgerResult is what ledger verify prints.
type ledgerResult struct {
	// AsOf is the instant of the verification.
	AsOf time.Time `json:"as_of"`
	// Clean says that nothing was found.
	Clean bool `json:"clean"`
	// Tampered says that something was found that no crash can leave.
	Tampered bool `json:"tampered"`
	// Kept is the number of checkpoint files that the ledger was compared with.
	Kept int `json:"kept"`
	// Report is everything that was seen.
	Report audit.Report `json:"report"`
}

func newLedgerVerify(a *app) *cobra.Command {
	var files []string

	command := &cobra.Command{
		Use: "verify", Short: "Compare both copies with each other and with signed checkpoints",
		Long: "Reads both copies to the end and names each entry that was changed, removed, added, moved or forked,\n" +
			"in which copy. A checkpoint that somebody kept from a manifest, a certificate or a mail shows\n" +
			"whether both copies were rewound: --checkpoint FILE, as often as there are files. Exit code 5 when\n" +
			"the copies were tampered with, 1 when a seal is late.",
		Example: "  steward ledger verify\n  steward ledger verify --checkpoint kept.txt --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			kept, err := readAll(files)
			if err != nil {
				return err
			}

			settings, rules, err := a.load()
			if err != nil {
				return err
			}

			both, err := a.bothCopies(command.Context(), settings, rules)
			if err != nil {
				return err
			}

			now := settings.Clock().Now()
			progress := a.console.Progress(clocks.System().Now())
			both.Tell = func(entries int64) {
				progress.Show(clocks.System().Now(), fmt.Sprintf("%d entries compared", entries))
			}

			report, err := copies.Verify(command.Context(), both, now, kept)
			progress.Done()

			if err != nil {
				return err
			}

			return a.showLedger(ledgerResult{
				AsOf: now, Clean: report.Clean(), Tampered: report.Tampered(), Kept: len(kept), Report: report,
			})
		},
	}
	command.Flags().StringArrayVar(&files, "checkpoint", nil, "a file with a checkpoint that somebody kept; may be repeated")

	return command
}

func readAll(files []string) ([][]byte, error) {
	var kept [][]byte

	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // the caller's own file
		if err != nil {
			return nil, failure.Wrap(failure.UsageWrong, "reading a checkpoint", err)
		}

		kept = append(kept, text)
	}

	return kept, nil
}

// showLedger prints the result and gives the error that the command ends with.
func (a *app) showLedger(result ledgerResult) error {
	if err := a.printLedger(result); err != nil {
		return err
	}

	switch {
	case result.Clean:
		return nil
	case result.Tampered:
		return failure.New(failure.LedgerTampered, "verifying the ledger")
	default:
		return failure.New(failure.LedgerBehind, "verifying the ledger")
	}
}

func (a *app) printLedger(result ledgerResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	report := result.Report
	state := a.console.Paint(console.Good, "complete and unchanged in both copies")

	if !result.Clean {
		state = a.console.Paint(console.Bad, fmt.Sprintf("%d findings", int64(len(report.Findings))+report.More))
	}

	fmt.Fprintf(a.console.Out, "%d entries, %s\n", report.Size, state)

	err := a.console.Say("signed %s, %d signed states checked, %d kept checkpoints, %d entries wait for their seal",
		a.console.When(report.SignedAt), report.Segments, result.Kept, report.Unsealed)
	for _, finding := range report.Findings {
		err = joined(err, a.console.Say("  %s", finding.String()))
	}

	return err
}
