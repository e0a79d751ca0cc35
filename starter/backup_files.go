package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"steward/internal/catalogue"
	"steward/internal/console"
	"steward/internal/filecatalogue"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/quantity"
)

// filesPrefix begins the ids of backups of files.
const filesPrefix = "fbk"

// filesRow is one backup of a set of files.
type filesRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Files is the name of the set in the policy.
	Files string `json:"files"`
	// Day is the business day in the company's zone, as 2006-01-02.
	Day string `json:"day"`
	// State is running, taken, drilled, bad or pruned; only drilled is good.
	State catalogue.State `json:"state"`
	// SnapshotAt is just before the app's bucket was listed.
	SnapshotAt time.Time `json:"snapshot_at,omitzero"`
	// TakenAt is when contents and manifest were stored.
	TakenAt time.Time `json:"taken_at,omitzero"`
	// DrilledAt is when it was proven.
	DrilledAt time.Time `json:"drilled_at,omitzero"`
	// DrillSeconds is how long that took.
	DrillSeconds float64 `json:"drill_seconds,omitzero"`
	// PrunedAt is when its manifest was proven gone.
	PrunedAt time.Time `json:"pruned_at,omitzero"`
	// Count is how many files it has.
	Count int64 `json:"count"`
	// Bytes is their size in the app's bucket.
	Bytes int64 `json:"bytes"`
	// Fresh is how many of them it stored; the others were stored before.
	Fresh int64 `json:"fresh"`
	// Vanished is how many were listed and deleted before they could be read.
	Vanished int64 `json:"vanished"`
	// ManifestSHA256 is the hash of its signed manifest, in hex, as the ledger cites it.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// Reason says why it is bad or was pruned: a code or a fixed text.
	Reason string `json:"reason,omitempty"`
	// Warning says what to look at though it is good: that it has no file at all.
	Warning string `json:"warning,omitempty"`
}

// noFile is the warning of a backup that found none. Only a mistyped bucket or prefix,
// or an app that deleted everything, gives it.
const noFile = "it has no file at all: are bucket and prefix in the policy right?"

func filesRowOf(b filecatalogue.Backup) filesRow {
	var warning string
	if b.Count == 0 && (b.State == catalogue.Taken || b.State == catalogue.Drilled) {
		warning = noFile
	}

	return filesRow{
		Warning: warning,
		ID:      b.ID, Files: b.Files, Day: b.Day, State: b.State, SnapshotAt: b.SnapshotAt, TakenAt: b.TakenAt, DrilledAt: b.DrilledAt,
		DrillSeconds: b.DrillSeconds, PrunedAt: b.PrunedAt, Count: b.Count, Bytes: b.Bytes, Fresh: b.Fresh, Vanished: b.Vanished,
		ManifestSHA256: b.ManifestSHA256, Reason: b.Reason,
	}
}

// files gives the backups of files, those of one set or of all.
func files(ctx context.Context, db *postgres.DB, name string, all bool) ([]filesRow, error) {
	read := filecatalogue.Kept
	if all {
		read = filecatalogue.List
	}

	found, err := read(ctx, db)
	if err != nil {
		return nil, err
	}

	found = slices.DeleteFunc(found, func(b filecatalogue.Backup) bool { return name != "" && b.Files != name })
	rows := make([]filesRow, len(found))

	for i, backup := range found {
		rows[i] = filesRowOf(backup)
	}

	return rows, nil
}

// showFiles prints them below the databases; nothing where there are none.
func (a *app) showFiles(rows []filesRow) error {
	if len(rows) == 0 {
		return nil
	}

	table := console.Table{Head: []string{"DAY", "FILES", stateColumn, sizeColumn, "COUNT", "STORED", "SNAPSHOT", "DRILLED", "ID"}}

	for _, b := range rows {
		table.Rows = append(table.Rows, console.Row{Cells: []console.Cell{
			{Text: b.Day},
			{Text: b.Files},
			{Text: string(b.State), Tone: backupTone(b.State)},
			{Text: quantity.Bytes(b.Bytes)},
			{Text: strconv.FormatInt(b.Count, 10)},
			{Text: strconv.FormatInt(b.Fresh, 10)},
			{Text: a.console.When(b.SnapshotAt)},
			{Text: a.console.When(b.DrilledAt)},
			{Text: b.ID},
		}, Note: cmp.Or(b.Reason, b.Warning)})
	}

	return joined(a.console.Say(""), a.console.Table(table))
}

// showFilesBackup prints one backup of files. What it names is in its encrypted
// list only.
func (a *app) showFilesBackup(ctx context.Context, db *postgres.DB, id string) error {
	found, err := filecatalogue.Get(ctx, db, id)
	if err != nil {
		return err
	}

	b := filesRowOf(found)
	if a.console.JSON {
		return a.console.Document(b)
	}

	facts := console.Table{Head: []string{backupColumn, b.ID}}
	for _, fact := range [][2]string{
		{"files", b.Files},
		{"business day", b.Day},
		{stateWord, string(b.State)},
		{"snapshot", a.console.When(b.SnapshotAt)},
		{"taken", a.console.When(b.TakenAt)},
		{"drilled", a.console.When(b.DrilledAt)},
		{"drill took", fmt.Sprintf("%.1f s", b.DrillSeconds)},
		{"pruned", a.console.When(b.PrunedAt)},
		{"files in it", strconv.FormatInt(b.Count, 10)},
		{"size in the clear", quantity.Bytes(b.Bytes)},
		{"stored by it", strconv.FormatInt(b.Fresh, 10)},
		{"deleted before they were read", strconv.FormatInt(b.Vanished, 10)},
		{"manifest", console.OrDash(b.ManifestSHA256)},
		{"reason", console.OrDash(b.Reason)},
		{"warning", console.OrDash(b.Warning)},
	} {
		facts.Add(console.Cells(fact[0], fact[1])...)
	}

	return a.console.Table(facts)
}

// ofFiles tells the id of a backup of files from that of a database.
func ofFiles(id string) bool { return ids.Valid(filesPrefix, id) }
