package activities

import (
	"context"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/calendar"
	"steward/internal/clocks"
	"steward/internal/evidence"
	"steward/internal/evidence/inclusion"
	"steward/internal/evidence/month"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/report"
)

// Schedules tells what Temporal counted of a schedule's runs.
type Schedules interface {
	// Read gives the counts; of a schedule that does not exist, that it does not.
	Read(ctx context.Context, id string) (report.Schedule, error)
}

// Reports does what BackupEvidence needs. It belongs to the core role, which
// signs, and imports nothing of those whose work it reports.
type Reports struct {
	// Steward is the steward database, as the role steward_core.
	Steward *postgres.DB
	// Signer is the ledger's key, Key its public half as the policy pins it.
	Signer note.Signer
	Key    note.Verifier
	// Policy holds the promise.
	Policy *policy.Policy
	// OffFile lists when the dev machine was off; empty outside dev.
	OffFile string
	// Schedules are Temporal's.
	Schedules Schedules
	// Clock tells the time that promises go by.
	Clock clocks.Clock
}

// ReportParams name a report. Nothing in them decides what it says.
type ReportParams struct {
	// Month is the month, as 2026-11.
	Month string
	// Database is the one database, set of files as "files/NAME", or copies as
	// "copies/LOCATION/NAME" that it is about; empty for all.
	Database string
}

// ReportResult is a signed report, of at most report.MaxBytes. It holds opaque
// ids, names of the policy, counts, times, codes and hashes.
type ReportResult struct {
	// Holds says that nothing was found broken; Databases, Due, Proven and Broken
	// count what it is about.
	Holds                          bool
	Databases, Due, Proven, Broken int
	// Report is its JSON, Note the signature.
	Report, Note string
}

// SignEvidence assembles the evidence of a month from catalogue and ledger as of
// this process's own clock, checks that every sealed entry that it cites stands
// under the checkpoint that it cites, and signs it. It changes nothing: after any
// end it may be called again. A key that does not fit the pinned one signs
// nothing.
func (r *Reports) SignEvidence(ctx context.Context, params ReportParams) (ReportResult, error) {
	wanted, err := calendar.ParseMonth(params.Month)
	if err != nil {
		return ReportResult{}, failure.New(failure.ReportRefused, "reading the month of a report (it is written as 2026-11)")
	}

	counted, err := r.counted(ctx, params.Database)
	if err != nil {
		return ReportResult{}, err
	}

	var made report.Report

	err = r.Steward.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		facts, err := month.Gather(ctx, month.Sources{
			Sources: evidence.Sources{Steward: tx, OffFile: r.OffFile}, Key: r.Key, Policy: r.Policy,
		}, month.Asked{Month: wanted, Database: params.Database, AsOf: r.Clock.Now()})
		if err != nil {
			return err
		}

		facts.Schedules = counted

		if made, err = report.Assemble(facts); err != nil {
			return err
		}

		return included(ctx, tx, made)
	})
	if err != nil {
		return ReportResult{}, failure.Wrap(failure.Unavailable, "assembling the evidence of a month", err)
	}

	return r.sign(made)
}

// counted asks Temporal about the schedules of the databases, the files and the copies. A
// name that the policy does not have is refused later, by who knows the policy.
func (r *Reports) counted(ctx context.Context, only string) (map[string]report.Schedule, error) {
	counted := map[string]report.Schedule{}

	schedules := map[string]string{}
	for _, database := range r.Policy.Promises.Backups.Databases {
		schedules[database.Name] = ids.Backup(database.Name)
	}

	for _, files := range r.Policy.Promises.Backups.Files {
		schedules[files.Item()] = ids.Files(files.Name)
	}

	for _, place := range r.Policy.Promises.Backups.Copies {
		for _, database := range r.Policy.Promises.Backups.Databases {
			schedules[place.Item(database.Name)] = ids.Copies() // one for all: what the days' own runs left
		}
	}

	for name, id := range schedules {
		if only != "" && only != name {
			continue
		}

		read, err := r.Schedules.Read(ctx, id)
		if err != nil {
			return nil, failure.Wrap(failure.TemporalUnavailable, "reading what Temporal counted", err)
		}

		counted[name] = read
	}

	return counted, nil
}

// included checks every cited entry against the copy in the database.
func included(ctx context.Context, q postgres.Queryer, made report.Report) error {
	cited, err := made.Cited()
	if err != nil {
		return err
	}

	root, err := tlog.ParseHash(made.Ledger.Root)
	if err != nil {
		return failure.Wrap(failure.LedgerTampered, "reading the ledger's root", err)
	}

	_, err = inclusion.Check(ctx, inclusion.Database{Steward: q}, ledger.Checkpoint{Size: made.Ledger.Size, Root: root}, cited)

	return err
}

func (r *Reports) sign(made report.Report) (ReportResult, error) {
	signed, err := report.Sign(made, r.Signer)
	if err != nil {
		return ReportResult{}, err
	}

	if _, err := signed.Open(r.Key); err != nil {
		return ReportResult{}, err
	}

	result := ReportResult{Holds: made.Holds, Databases: len(made.Databases), Report: signed.Report, Note: signed.Note}
	for _, database := range made.Databases {
		result.Due += database.Totals.Due
		result.Proven += database.Totals.Proven
		result.Broken += database.Totals.Broken
	}

	return result, nil
}
