package main

import (
	"context"
	"strings"
	"time"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/copycatalogue"
	"steward/internal/doctor/stored"
	"steward/internal/gcs"
	"steward/internal/postgres"
	"steward/internal/quantity"
)

// copyRow is one copy of a backup in another location.
type copyRow struct {
	// Location is its name in the policy when the copy began.
	Location string `json:"location"`
	// Bucket is where the copy lies.
	Bucket string `json:"bucket"`
	// State is running, copied or pruned; only copied is whole.
	State copycatalogue.State `json:"state"`
	// CopiedAt is when it was whole, compared with the signed manifest.
	CopiedAt time.Time `json:"copied_at,omitzero"`
	// PrunedAt is when it was proven gone.
	PrunedAt time.Time `json:"pruned_at,omitzero"`
	// Reason is why it is gone.
	Reason string `json:"reason,omitempty"`
	// ManifestGeneration is the generation of its manifest.
	ManifestGeneration int64 `json:"manifest_generation,omitzero"`
	// Bytes is the size of all its objects, encrypted.
	Bytes int64 `json:"bytes"`
}

func copyRowOf(c copycatalogue.Copy) copyRow {
	return copyRow{
		Location: c.Location, Bucket: c.Bucket, State: c.State, CopiedAt: c.CopiedAt, PrunedAt: c.PrunedAt, Reason: c.Reason,
		ManifestGeneration: c.ManifestGen, Bytes: c.Bytes,
	}
}

// keptCopies are the copies that are not gone, by backup.
func keptCopies(ctx context.Context, q postgres.Queryer) (map[string][]copyRow, error) {
	found, err := copycatalogue.Every(ctx, q)
	byBackup := map[string][]copyRow{}

	for _, one := range found {
		byBackup[one.Backup] = append(byBackup[one.Backup], copyRowOf(one))
	}

	return byBackup, err
}

// copiesOf are all copies that a backup ever had.
func copiesOf(ctx context.Context, q postgres.Queryer, backup string) (rows []copyRow, err error) {
	found, err := copycatalogue.Of(ctx, q, backup)

	for _, one := range found {
		rows = append(rows, copyRowOf(one))
	}

	return rows, err
}

// copyChecker is what a comparison needs of copies.
type copyChecker struct {
	storage *gcs.Client
	// known are the copies that are not gone, by backup.
	known map[string][]copycatalogue.Copy
}

// nowhere reports whether a backup is gone and has no copy left either.
func (c *copyChecker) nowhere(backup catalogue.Backup) bool {
	return backup.State == catalogue.Pruned && len(c.known[backup.ID]) == 0
}

func (a *app) copyChecker(ctx context.Context, checker *stored.Checker) (*copyChecker, error) {
	settings, _, err := a.load()
	if err != nil {
		return nil, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return nil, err
	}

	found, err := copycatalogue.Every(ctx, checker.Steward)
	known := map[string][]copycatalogue.Copy{}

	for _, one := range found {
		known[one.Backup] = append(known[one.Backup], one)
	}

	return &copyChecker{storage: storage, known: known}, err
}

// heldIn names the other locations that hold a backup whole, empty for none.
func heldIn(rows []copyRow) string {
	var names []string

	for _, row := range rows {
		if row.State == copycatalogue.Copied {
			names = append(names, row.Location)
		}
	}

	if len(names) == 0 {
		return ""
	}

	return "also in " + strings.Join(names, ", ")
}

func (a *app) showCopies(rows []copyRow) error {
	if len(rows) == 0 {
		return nil
	}

	tones := map[copycatalogue.State]console.Tone{
		copycatalogue.Running: console.Warning, copycatalogue.Copied: console.Good, copycatalogue.Pruned: console.Faint,
	}
	table := console.Table{Head: []string{"LOCATION", "BUCKET", stateColumn, sizeColumn, "COPIED", "GONE"}}

	for _, row := range rows {
		table.Rows = append(table.Rows, console.Row{Cells: []console.Cell{
			{Text: row.Location},
			{Text: row.Bucket},
			{Text: string(row.State), Tone: tones[row.State]},
			{Text: quantity.Bytes(row.Bytes)},
			{Text: a.console.When(row.CopiedAt)},
			{Text: a.console.When(row.PrunedAt)},
		}, Note: row.Reason})
	}

	return joined(a.console.Say(""), a.console.Table(table))
}
