package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/life"
	"steward/internal/postgres"
	"steward/internal/quantity"
)

// backupResult is what backup show prints.
type backupResult struct {
	backupRow

	// Manifest is the object of its signed manifest.
	Manifest string `json:"manifest,omitempty"`
	// ManifestSHA256 is that object's hash, in hex, as the ledger cites it.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// Events are its life from the opening of its day to the receipt, by time.
	Events []life.Event `json:"events"`
	// Attempts are those that announced an object, the current one last.
	Attempts []life.Attempt `json:"attempts"`
	// Objects are what was ever announced of it, those of attempts that failed and
	// those that are gone among them.
	Objects []objectRow `json:"objects"`
}

// objectRow is one object of a backup.
type objectRow struct {
	// Name is its name in the bucket.
	Name string `json:"name"`
	// Kind is archive, globals or manifest.
	Kind string `json:"kind"`
	// Current says that it belongs to the attempt that counts.
	Current bool `json:"current"`
	// Attempt is the attempt that announced it.
	Attempt string `json:"attempt"`
	// Generation is the one that was stored; 0 if its upload did not end.
	Generation int64 `json:"generation"`
	// Bytes is its size, encrypted.
	Bytes int64 `json:"bytes"`
	// SHA256 is the hash of what was sent, in hex.
	SHA256 string `json:"sha256,omitempty"`
	// GoneAt is when it was found gone from all listings.
	GoneAt time.Time `json:"gone_at,omitzero"`
}

func newBackupShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: showCommand, Short: "Show the life of one backup, from snapshot to receipt",
		Long: "Shows what happened to one backup and which entry of the ledger proves it: its number is the position\n" +
			"under the signed checkpoints, \"waiting\" an entry that has none yet, \"unproven\" what only the catalogue\n" +
			"says. Then what was stored of it, with generation and checksum. Ids stand in: steward backup list",
		Example: "  steward backup show bkp_nb2hi4dthixs653xo4xg2zi3ke",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			db, err := a.catalogue(command.Context())
			if err != nil {
				return err
			}

			if ofFiles(given[0]) {
				return a.showFilesBackup(command.Context(), db, given[0])
			}

			var result backupResult

			err = db.InSnapshot(command.Context(), func(ctx context.Context, tx postgres.Tx) error {
				result, err = lifeOf(ctx, tx, given[0])

				return err
			})
			if err != nil {
				return failure.Wrap(failure.Unavailable, "reading the life of a backup", err)
			}

			return a.showBackup(result)
		},
	}
}

// lifeOf reads all that is known of one backup.
func lifeOf(ctx context.Context, q postgres.Queryer, id string) (backupResult, error) {
	found, err := catalogue.Get(ctx, q, id)
	if err != nil {
		return backupResult{}, err
	}

	objects, err := catalogue.EveryObject(ctx, q, found.ID)
	if err != nil {
		return backupResult{}, err
	}

	gone, err := life.Gone(ctx, q, found.ID)
	if err != nil {
		return backupResult{}, err
	}

	proofs, err := entries.OfBackup(ctx, q, found.ID)
	if err != nil {
		return backupResult{}, err
	}

	beside, err := readStanding(ctx, q)
	if err != nil {
		return backupResult{}, err
	}

	result := backupResult{
		backupRow: beside.rowOf(found), Manifest: found.ManifestObject, ManifestSHA256: found.ManifestSHA256,
		Events: life.Of(found, proofs), Attempts: life.Attempts(found, objects), Objects: []objectRow{},
	}

	if result.Copies, err = copiesOf(ctx, q, found.ID); err != nil {
		return backupResult{}, err
	}

	for _, o := range objects {
		result.Objects = append(result.Objects, objectRow{
			Name: o.Name, Kind: o.Kind, Current: o.Attempt == found.Attempt, Attempt: o.Attempt, Generation: o.Generation,
			Bytes: o.Bytes, SHA256: o.SHA256, GoneAt: gone[o.Name],
		})
	}

	return result, nil
}

func (a *app) showBackup(b backupResult) error {
	if a.console.JSON {
		return a.console.Document(b)
	}

	facts := console.Table{Head: []string{backupColumn, b.ID}}
	for _, fact := range [][2]string{
		{"database", b.Database},
		{"business day", b.Day},
		{stateWord, string(b.State)},
		{"stored", quantity.Bytes(b.Bytes)},
		{"rows", strconv.FormatInt(b.Rows, 10)},
		{"manifest", console.OrDash(b.ManifestSHA256)},
		{"attempts", strconv.Itoa(len(b.Attempts))},
		{"reason", console.OrDash(a.notes(b.backupRow))},
	} {
		facts.Add(console.Cells(fact[0], fact[1])...)
	}

	return joined(joined(joined(a.console.Table(facts), a.showLife(b.Events)), a.showObjects(b.Objects)), a.showCopies(b.Copies))
}

func (a *app) showLife(events []life.Event) error {
	table := console.Table{Head: []string{"AT", "EVENT", "LEDGER", "ENTRY"}}

	for _, event := range events {
		place, tone := string(event.Proof), console.Warning

		switch event.Proof {
		case life.Sealed:
			place, tone = strconv.FormatInt(event.Position, 10), console.Good
		case life.Missing:
			place, tone = "unproven", console.Bad
		case life.Catalogue:
			place, tone = "-", console.Faint
		case life.Waiting:
		}

		table.Rows = append(table.Rows, console.Row{
			Cells: []console.Cell{
				{Text: a.console.When(event.At)}, {Text: event.What}, {Text: place, Tone: tone}, {Text: console.OrDash(string(event.Entry))},
			},
			Note: event.Text,
		})
	}

	return joined(a.console.Say(""), a.console.Table(table))
}

func (a *app) showObjects(rows []objectRow) error {
	objects := console.Table{Head: []string{"OBJECT", "KIND", sizeColumn, "GENERATION", "ATTEMPT", "GONE"}, Empty: "nothing is stored of it"}

	for _, o := range rows {
		attempt, sum := "older", "its upload did not end"
		if o.Current {
			attempt = "current"
		}

		if o.SHA256 != "" {
			sum = fmt.Sprintf("sha256 %s", o.SHA256)
		}

		objects.Rows = append(objects.Rows, console.Row{Note: sum, Cells: console.Cells(
			o.Name, o.Kind, quantity.Bytes(o.Bytes), strconv.FormatInt(o.Generation, 10), attempt, a.console.When(o.GoneAt))})
	}

	return joined(a.console.Say(""), a.console.Table(objects))
}
