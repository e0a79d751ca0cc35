package main

import (
	"context"
	"errors"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// proofMode is that of a proof file: it is meant to be given away.
const proofMode = 0o644

// proofResult is what ledger prove prints.
type proofResult struct {
	entryRow

	// Proof is the text that ledger check-proof takes: the entry, an empty line,
	// and a proof in the format c2sp.org/tlog-proof@v1.
	Proof string `json:"proof"`
	// File is where it was written; empty without --out.
	File string `json:"file,omitempty"`
}

func newLedgerProve(a *app) *cobra.Command {
	var out string

	command := &cobra.Command{
		Use: "prove POSITION|ID", Short: "Prove that one entry is in the ledger",
		Long: "Writes one entry with the proof that it stands in the ledger under the newest checkpoint. Whoever\n" +
			"has the file and the ledger's public key can check it without us and without seeing any other\n" +
			"entry: steward ledger check-proof",
		Example: "  steward ledger prove 42 --out entry.proof\n  steward ledger prove led_nb2hi4dthixs653xo4xg2zi3ke",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			db, err := a.catalogue(command.Context())
			if err != nil {
				return err
			}

			var result proofResult

			err = db.InSnapshot(command.Context(), func(ctx context.Context, tx postgres.Tx) error {
				result, err = prove(ctx, tx, given[0])

				return err
			})
			if err != nil {
				return failure.Wrap(failure.Unavailable, "proving an entry", err)
			}

			if out != "" {
				result.File = out
				if err := os.WriteFile(out, []byte(result.Proof), proofMode); err != nil {
					return failure.Wrap(failure.UsageWrong, "writing the proof", err)
				}
			}

			return a.showProof(result)
		},
	}
	command.Flags().StringVar(&out, "out", "", "the file to write; without it the proof is printed")

	return command
}

func prove(ctx context.Context, q postgres.Queryer, which string) (proofResult, error) {
	id, err := entryID(ctx, q, which)
	if err != nil {
		return proofResult{}, err
	}

	entry, position, err := ledger.Find(ctx, q, id)
	if err != nil {
		return proofResult{}, err
	}

	proof, err := ledger.Prove(ctx, q, position)
	if err != nil {
		return proofResult{}, err
	}

	return proofResult{
		entryRow: rowOfEntry(position, entry),
		Proof:    string(entry.Leaf()) + "\n\n" + string(proof.Encode()),
	}, nil
}

// entryID is the id of the entry at a position, or the id that was given.
func entryID(ctx context.Context, q postgres.Queryer, which string) (ledger.ID, error) {
	position, err := strconv.ParseInt(which, 10, 64)
	if err != nil {
		return ledger.ID(which), nil //nolint:nilerr // no number, so an id
	}

	var id ledger.ID

	err = q.QueryRow(ctx, `select id from ledger.entries where position = $1`, position).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", failure.New(failure.EvidenceMissing, "looking for a ledger entry (no sealed entry has this position)")
	}

	return id, failure.Wrap(failure.Unavailable, "looking for a ledger entry", err)
}

func (a *app) showProof(result proofResult) error {
	switch {
	case a.console.JSON:
		return a.console.Document(result)
	case result.File != "":
		return a.console.Say("entry %d (%s) with its proof is in %s; check it: steward ledger check-proof %s",
			result.Position, result.ID, result.File, result.File)
	default:
		_, err := a.console.Out.Write([]byte(result.Proof))

		return failure.Wrap(failure.Internal, "writing the proof", err)
	}
}
