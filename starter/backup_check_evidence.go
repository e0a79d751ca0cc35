package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/evidence/inclusion"
	"steward/internal/failure"
	"steward/internal/keys"
	"steward/internal/ledger"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/postgres"
	"steward/internal/report"
)

// The copies of the ledger that a report can be checked against.
const (
	databaseCopy = "database"
	mirrorCopy   = "mirror"
)

// checkFlags are those of backup check-evidence.
type checkFlags struct {
	key, against string
	offline      bool
}

// checkedEvidence is what backup check-evidence prints.
type checkedEvidence struct {
	// Month is the month of the report.
	Month string `json:"month"`
	// AsOf is its instant.
	AsOf time.Time `json:"as_of"`
	// Origin names the ledger whose key signed it.
	Origin string `json:"origin"`
	// SHA256 is the hash that the signature is over, in hex.
	SHA256 string `json:"sha256"`
	// Holds says that the report found nothing broken.
	Holds bool `json:"holds"`
	// Size is the number of entries under the checkpoint that it stands on.
	Size int64 `json:"size"`
	// SignedAt is when that checkpoint was signed.
	SignedAt time.Time `json:"signed_at,omitzero"`
	// Against is the copy of the ledger that it was checked against: database or
	// mirror; none when only the signatures were.
	Against string `json:"against"`
	// Entries counts the entries that it cites.
	Entries int `json:"entries"`
	// Sealed counts those that were found under the checkpoint.
	Sealed int `json:"sealed"`
	// Waiting counts those that waited for their seal, and are the same now.
	Waiting int `json:"waiting"`
	// Pending counts those that have not come to the mirror yet.
	Pending int `json:"pending"`
}

func newBackupCheckEvidence(a *app) *cobra.Command {
	var flags checkFlags

	command := &cobra.Command{
		Use: "check-evidence FILE", Short: "Check a file made by backup evidence",
		Long: "Checks that the file is as the ledger's key signed it, and that each entry that it cites stands in a copy\n" +
			"of the ledger, at its position and with its content, under the checkpoint that the report stands on.\n" +
			"With --offline only the signatures, which needs no service: the public key is that of the policy, or --key.",
		Example: "  steward backup check-evidence backup-evidence-2026-11.json\n" +
			"  steward backup check-evidence backup-evidence-2026-11.json --against mirror\n" +
			"  steward backup check-evidence backup-evidence-2026-11.json --offline --key popkit.example/ledger+8a1b2c3d+AXYZ",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			text, err := os.ReadFile(given[0])
			if err != nil {
				return failure.Wrap(failure.UsageWrong, "reading an evidence file", err)
			}

			result, err := a.checkEvidence(command.Context(), text, flags)
			if err != nil {
				return err
			}

			return a.showChecked(result)
		},
	}
	command.Flags().StringVar(&flags.key, "key", "", "the ledger's public key; without it the one in the policy")
	command.Flags().StringVar(&flags.against, "against", databaseCopy, "the copy of the ledger: database or mirror")
	command.Flags().BoolVar(&flags.offline, "offline", false, "check the signatures only, without any service")

	return command
}

func (a *app) checkEvidence(ctx context.Context, text []byte, flags checkFlags) (checkedEvidence, error) {
	verifier, err := a.ledgerKey(flags.key)
	if err != nil {
		return checkedEvidence{}, err
	}

	signed, err := report.Parse(text)
	if err != nil {
		return checkedEvidence{}, err
	}

	opened, err := signed.Open(verifier)
	if err != nil {
		return checkedEvidence{}, err
	}

	checkpoint, err := opened.StandsOn(verifier)
	if err != nil {
		return checkedEvidence{}, err
	}

	result := checkedEvidence{
		Month: opened.Month, AsOf: opened.AsOf, Origin: verifier.Name(), SHA256: report.Hash([]byte(signed.Report)), Holds: opened.Holds,
		Size: checkpoint.Size, SignedAt: opened.Ledger.SignedAt, Against: "none", Entries: len(opened.Entries),
	}
	if flags.offline {
		return result, nil
	}

	cited, err := opened.Cited()
	if err != nil {
		return result, err
	}

	counted, err := a.against(ctx, flags.against, checkpoint, cited)
	result.Against, result.Sealed, result.Waiting, result.Pending = flags.against, counted.Sealed, counted.Waiting, counted.Pending

	return result, err
}

// ledgerKey is the public key that was given, or the one in the policy.
func (a *app) ledgerKey(given string) (note.Verifier, error) {
	if given == "" {
		_, rules, err := a.load()
		if err != nil {
			return nil, err
		}

		given = rules.Keys.Ledger
	}

	return keys.Verifier(given)
}

// against compares the cited entries with one copy of the ledger.
func (a *app) against(
	ctx context.Context, which string, checkpoint ledger.Checkpoint, cited []inclusion.Cited,
) (result inclusion.Result, err error) {
	if which != databaseCopy && which != mirrorCopy {
		return result, failure.New(failure.UsageWrong, "choosing a copy of the ledger (--against database or mirror)")
	}

	settings, rules, err := a.load()
	if err != nil {
		return result, err
	}

	if which == mirrorCopy {
		storage, err := a.storage(ctx, settings)
		if err != nil {
			return result, err
		}

		mirror, err := inclusion.OpenMirror(ctx, gcsmirror.New(storage.Bucket(rules.Storage.Ledger)), cited)
		if err != nil {
			return result, err
		}

		return inclusion.Check(ctx, mirror, checkpoint, cited)
	}

	db, err := a.database(ctx, settings)
	if err != nil {
		return result, err
	}

	err = db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		result, err = inclusion.Check(ctx, inclusion.Database{Steward: tx}, checkpoint, cited)

		return err
	})

	return result, failure.Wrap(failure.Unavailable, "checking the cited entries", err)
}

func (a *app) showChecked(result checkedEvidence) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	says := "nothing was found broken"
	if !result.Holds {
		says = "it reports that the promise was broken"
	}

	entries := fmt.Sprintf("%d cited entries, not compared with any copy of the ledger", result.Entries)
	if result.Against != "none" {
		entries = fmt.Sprintf("%d cited entries, %d proven in the ledger's %s, %d waited and are the same, %d not yet there",
			result.Entries, result.Sealed, result.Against, result.Waiting, result.Pending)
	}

	return a.console.Say("the evidence of %s as of %s is genuine: signed by %s\n%s; %s",
		result.Month, a.console.When(result.AsOf), result.Origin, entries, says)
}
