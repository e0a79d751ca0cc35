package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/catalogue"
	"steward/internal/postgres"
)

func newBackup(a *app) *cobra.Command {
	return group("backup", "Run, list and verify backups",
		"A backup is good when it was drilled: restored into another cluster and found equal to its manifest.",
		"  steward backup list\n  steward backup run --all",
		newBackupRun(a), newBackupList(a), newBackupShow(a), newBackupVerify(a),
		newBackupEvidence(a), newBackupCheckEvidence(a))
}

// stateColumn heads the column that a reader looks at first.
const stateColumn = "STATE"

// backupRow is one backup of the catalogue.
type backupRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Database is its name in the policy.
	Database string `json:"database"`
	// Day is the business day in the company's zone, as 2006-01-02.
	Day string `json:"day"`
	// State is running, taken, drilled, bad or pruned; only drilled is good.
	State catalogue.State `json:"state"`
	// SnapshotAt is the instant whose data it holds.
	SnapshotAt time.Time `json:"snapshot_at,omitzero"`
	// TakenAt is when archive and manifest were stored.
	TakenAt time.Time `json:"taken_at,omitzero"`
	// DrilledAt is when it was restored and found equal.
	DrilledAt time.Time `json:"drilled_at,omitzero"`
	// DrillSeconds is how long that took.
	DrillSeconds float64 `json:"drill_seconds,omitzero"`
	// PrunedAt is when it was proven gone.
	PrunedAt time.Time `json:"pruned_at,omitzero"`
	// Bytes is the size of all that is stored, encrypted.
	Bytes int64 `json:"bytes"`
	// Rows is the number of rows in it.
	Rows int64 `json:"rows"`
	// Reason says why it is bad or was pruned: a code or a fixed text.
	Reason string `json:"reason,omitempty"`
}

func rowOf(b catalogue.Backup) backupRow {
	return backupRow{
		ID: b.ID, Database: b.Database, Day: b.Day, State: b.State, SnapshotAt: b.SnapshotAt, TakenAt: b.TakenAt,
		DrilledAt: b.DrilledAt, DrillSeconds: b.DrillSeconds, PrunedAt: b.PrunedAt, Bytes: b.Bytes, Rows: b.Rows, Reason: b.Reason,
	}
}

// catalogue opens the steward database for the commands that only read it.
func (a *app) catalogue(ctx context.Context) (*postgres.DB, error) {
	settings, _, err := a.load()
	if err != nil {
		return nil, err
	}

	return a.database(ctx, settings)
}
