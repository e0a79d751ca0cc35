package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// showLimit is how many entries are shown unless more are asked for; maxShow
// bounds one answer. Segments in the mirror are the way to read everything.
const (
	showLimit = 20
	maxShow   = 10_000
)

// entriesResult is what ledger show prints.
type entriesResult struct {
	// Head is the newest signed state.
	Head headRow `json:"head"`
	// Entries are in the order of their positions.
	Entries []entryRow `json:"entries"`
}

func newLedgerShow(a *app) *cobra.Command {
	var from, limit int64

	command := &cobra.Command{
		Use: "show", Short: "Print the newest signed state and entries",
		Long: "Prints the newest checkpoint and the entries before it, or those from a position on. Entries that\n" +
			"wait for their seal have no position yet and are not shown.",
		Example: "  steward ledger show\n  steward ledger show --from 0 --limit 100 --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if limit < 1 || limit > maxShow {
				return failure.New(failure.UsageWrong, fmt.Sprintf("reading --limit (it is from 1 to %d)", maxShow))
			}

			db, err := a.catalogue(command.Context())
			if err != nil {
				return err
			}

			var result entriesResult

			err = db.InSnapshot(command.Context(), func(ctx context.Context, tx postgres.Tx) error {
				result, err = readEntries(ctx, tx, from, limit)

				return err
			})
			if err != nil {
				return failure.Wrap(failure.Unavailable, "reading the ledger", err)
			}

			return a.showEntries(result)
		},
	}
	command.Flags().Int64Var(&from, "from", -1, "the first position, counted from 0; without it the newest are shown")
	command.Flags().Int64Var(&limit, "limit", showLimit, "how many entries")

	return command
}

func readEntries(ctx context.Context, q postgres.Queryer, from, limit int64) (entriesResult, error) {
	head, err := ledger.ReadHead(ctx, q)
	if err != nil {
		return entriesResult{}, err
	}

	if from < 0 {
		from = max(0, head.Size-limit)
	}

	rows, err := q.Query(ctx, `select position, id, kind, at, body from ledger.entries
		where position >= $1 and position < $2 order by position`, from, min(from+limit, head.Size))
	if err != nil {
		return entriesResult{}, failure.Wrap(failure.Unavailable, "reading entries", err)
	}

	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (entryRow, error) {
		var (
			position int64
			entry    ledger.Entry
			body     string
		)

		err := row.Scan(&position, &entry.ID, &entry.Kind, &entry.At, &body)
		entry.At, entry.Body = entry.At.UTC(), []byte(body)

		return rowOfEntry(position, entry), err
	})
	if entries == nil {
		entries = []entryRow{}
	}

	return entriesResult{Head: rowOfHead(head), Entries: entries}, failure.Wrap(failure.Unavailable, "reading entries", err)
}

func (a *app) showEntries(result entriesResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"POSITION", "AT", "KIND", "ID", "SAYS"}, Empty: "no entry is sealed in this range"}
	for _, entry := range result.Entries {
		table.Add(console.Cells(strconv.FormatInt(entry.Position, 10), a.console.When(entry.At),
			string(entry.Kind), string(entry.ID), string(entry.Body))...)
	}

	if err := a.console.Table(table); err != nil {
		return err
	}

	return a.console.Say("\n%s", console.OrDash(result.Head.Checkpoint))
}
