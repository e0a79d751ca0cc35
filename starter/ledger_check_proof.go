package main

import (
	"bytes"
	"os"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/failure"
	"steward/internal/keys"
	"steward/internal/ledger"
)

// checkedResult is what ledger check-proof prints.
type checkedResult struct {
	entryRow

	// Origin names the ledger; it is the name of its key.
	Origin string `json:"origin"`
	// Size is the number of entries under the checkpoint.
	Size int64 `json:"size"`
	// SignedAt is when the checkpoint was signed.
	SignedAt time.Time `json:"signed_at"`
}

func newLedgerCheckProof(a *app) *cobra.Command {
	var key string

	command := &cobra.Command{
		Use: "check-proof FILE", Short: "Check a proof without any service",
		Long: "Checks that the entry in a file made by \"steward ledger prove\" stands in the ledger whose key signed\n" +
			"its checkpoint. Needs the file and the public key only: that of the policy, or --key.",
		Example: "  steward ledger check-proof entry.proof\n  steward ledger check-proof entry.proof --key popkit.example/ledger+8a1b2c3d+AXYZ",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			text, err := os.ReadFile(given[0])
			if err != nil {
				return failure.Wrap(failure.UsageWrong, "reading a proof", err)
			}

			if key == "" {
				_, rules, err := a.load()
				if err != nil {
					return err
				}

				key = rules.Keys.Ledger
			}

			result, err := checkProof(text, key)
			if err != nil {
				return err
			}

			if a.console.JSON {
				return a.console.Document(result)
			}

			return a.console.Say("entry %d (%s, %s, %s) is in the ledger %s, signed %s with %d entries\n%s",
				result.Position, result.ID, result.Kind, a.console.When(result.At), result.Origin,
				a.console.When(result.SignedAt), result.Size, result.Body)
		},
	}
	command.Flags().StringVar(&key, "key", "", "the ledger's public key; without it the one in the policy")

	return command
}

func checkProof(text []byte, key string) (checkedResult, error) {
	leaf, proof, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		return checkedResult{}, failure.New(failure.SignatureInvalid, "reading a proof (it is not one of ledger prove)")
	}

	public, err := keys.Verifier(key)
	if err != nil {
		return checkedResult{}, err
	}

	checkpoint, position, err := ledger.VerifyProof(leaf, proof, public)
	if err != nil {
		return checkedResult{}, err
	}

	entry, err := ledger.ParseLeaf(leaf)

	return checkedResult{
		entryRow: rowOfEntry(position, entry), Origin: checkpoint.Origin, Size: checkpoint.Size, SignedAt: checkpoint.At,
	}, err
}
