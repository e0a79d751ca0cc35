package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/quantity"
)

// backupResult is what backup show prints.
type backupResult struct {
	backupRow

	// Manifest is the object of its signed manifest.
	Manifest string `json:"manifest,omitempty"`
	// ManifestSHA256 is that object's hash, in hex, as the ledger cites it.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// Objects are what is stored of it, those of attempts that failed among them.
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
	// Generation is the one that was stored; 0 if its upload did not end.
	Generation int64 `json:"generation"`
	// Bytes is its size, encrypted.
	Bytes int64 `json:"bytes"`
	// SHA256 is the hash of what was sent, in hex.
	SHA256 string `json:"sha256,omitempty"`
}

func newBackupShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one backup with its objects",
		Long:    "Shows one backup of the catalogue and what is stored of it. Ids stand in: steward backup list",
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

			found, err := catalogue.Get(command.Context(), db, given[0])
			if err != nil {
				return err
			}

			objects, err := catalogue.Objects(command.Context(), db, found.ID)
			if err != nil {
				return err
			}

			result := backupResult{
				backupRow: rowOf(found), Manifest: found.ManifestObject, ManifestSHA256: found.ManifestSHA256, Objects: []objectRow{},
			}
			for _, o := range objects {
				result.Objects = append(result.Objects, objectRow{
					Name: o.Name, Kind: o.Kind, Current: o.Attempt == found.Attempt, Generation: o.Generation, Bytes: o.Bytes, SHA256: o.SHA256,
				})
			}

			return a.showBackup(result)
		},
	}
}

func (a *app) showBackup(b backupResult) error {
	if a.console.JSON {
		return a.console.Document(b)
	}

	facts := console.Table{Head: []string{"BACKUP", b.ID}}
	for _, fact := range [][2]string{
		{"database", b.Database},
		{"business day", b.Day},
		{"state", string(b.State)},
		{"snapshot", a.console.When(b.SnapshotAt)},
		{"taken", a.console.When(b.TakenAt)},
		{"drilled", a.console.When(b.DrilledAt)},
		{"drill took", fmt.Sprintf("%.1f s", b.DrillSeconds)},
		{"pruned", a.console.When(b.PrunedAt)},
		{"stored", quantity.Bytes(b.Bytes)},
		{"rows", strconv.FormatInt(b.Rows, 10)},
		{"manifest", console.OrDash(b.ManifestSHA256)},
		{"reason", console.OrDash(b.Reason)},
	} {
		facts.Add(console.Cells(fact[0], fact[1])...)
	}

	if err := a.console.Table(facts); err != nil {
		return err
	}

	objects := console.Table{Head: []string{"OBJECT", "KIND", "SIZE", "GENERATION", "ATTEMPT"}, Empty: "nothing is stored of it"}

	for _, o := range b.Objects {
		attempt := "older"
		if o.Current {
			attempt = "current"
		}

		objects.Add(console.Cells(o.Name, o.Kind, quantity.Bytes(o.Bytes), strconv.FormatInt(o.Generation, 10), attempt)...)
	}

	return joined(a.console.Say(""), a.console.Table(objects))
}
