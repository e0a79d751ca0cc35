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
		newBackupRun(a), newBackupList(a), newBackupShow(a), newBackupVerify(a), newBackupPrune(a),
		newBackupEvidence(a), newBackupCheckEvidence(a))
}

// The heads of columns that several tables have; a reader looks at the state first.
const (
	stateColumn    = "STATE"
	dueColumn      = "DUE"
	stateWord      = "state"
	sizeColumn     = "SIZE"
	backupColumn   = "BACKUP"
	databaseColumn = "DATABASE"
)

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
	// ExceptedSince is since when it stays beyond its time, as a recorded exception.
	ExceptedSince time.Time `json:"excepted_since,omitzero"`
	// MissingSince is when objects of it were found missing from the bucket; from
	// then on it proves nothing.
	MissingSince time.Time `json:"missing_since,omitzero"`
	// Copies are its copies in other locations.
	Copies []copyRow `json:"copies,omitempty"`
	// Reason says why it is bad or was pruned: a code or a fixed text.
	Reason string `json:"reason,omitempty"`
}

// standing is what is recorded of backups beside their rows, by id.
type standing struct {
	excepted map[string]catalogue.Exception
	missing  map[string]time.Time
	copies   map[string][]copyRow
}

// readStanding reads it.
func readStanding(ctx context.Context, db postgres.Queryer) (standing, error) {
	excepted, err := catalogue.Exceptions(ctx, db)
	if err != nil {
		return standing{}, err
	}

	missing, err := catalogue.MissingSince(ctx, db)
	if err != nil {
		return standing{}, err
	}

	copies, err := keptCopies(ctx, db)

	return standing{excepted: excepted, missing: missing, copies: copies}, err
}

// notes say in words what is not as it should be, empty if nothing.
func (a *app) notes(b backupRow) string {
	text := b.Reason

	for _, one := range []struct {
		since time.Time
		says  string
	}{
		{b.ExceptedSince, "kept beyond its time as an exception since "},
		{b.MissingSince, "objects of it are missing from the bucket since "},
	} {
		switch {
		case one.since.IsZero():
		case text == "":
			text = one.says + a.console.When(one.since)
		default:
			text += "; " + one.says + a.console.When(one.since)
		}
	}

	if places := heldIn(b.Copies); places != "" && text != "" {
		return text + "; " + places
	} else if places != "" {
		return places
	}

	return text
}

func (s standing) rowOf(b catalogue.Backup) backupRow {
	row := rowOf(b)
	row.MissingSince, row.Copies = s.missing[b.ID], s.copies[b.ID]

	if exception := s.excepted[b.ID]; exception.Open() {
		row.ExceptedSince = exception.Since
	}

	return row
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
