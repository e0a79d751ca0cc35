// Package month reads from the outside what the evidence of one month is
// assembled from: the catalogue's rows, the ledger's entries and the signed state
// they stand under. Like package evidence it shares no code with those whose work
// it reads.
package month

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
	"steward/internal/evidence"
	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/report"
)

// Asked is which report is wanted.
type Asked struct {
	// Month is the month.
	Month calendar.Month
	// Database is the one database, set of files as "files/NAME", or copies as
	// "copies/LOCATION/NAME" that it is about; empty for all.
	Database string
	// AsOf is the instant of the report.
	AsOf time.Time
}

// Sources are where evidence is read from.
type Sources struct {
	evidence.Sources

	// Key is the ledger's public key, pinned in the policy.
	Key note.Verifier
	// Policy holds the promise.
	Policy *policy.Policy
}

// Gather reads the facts of one month; Schedules are left to the caller. It fails
// with ReportRefused for a month that has not begun or that was over before this
// steward was set up, with UnknownDatabase, with SignatureInvalid for a ledger
// whose head has no good signature, and with EvidenceMissing or Unavailable.
func Gather(ctx context.Context, from Sources, asked Asked) (report.Facts, error) {
	facts, err := wanted(from.Policy, asked)
	if err != nil {
		return facts, err
	}

	if facts.InstalledAt, err = installed(ctx, from.Steward); err != nil {
		return facts, err
	}

	if !facts.InstalledAt.Before(calendar.EndOf(asked.Month.Last(), facts.Zone)) {
		return facts, failure.New(failure.ReportRefused, "reading a month (this steward was not yet set up)")
	}

	seen, err := evidence.Gather(ctx, from.Sources, from.Policy)
	if err != nil {
		return facts, err
	}

	facts.Off, facts.Watched = seen.Off, map[string]time.Time{}
	for _, name := range facts.Rule.Databases {
		if at, known := seen.Armed[promise.Key{Promise: promise.Backups, Item: name}]; known {
			facts.Watched[name] = at
		}
	}

	if facts.Ledger, err = head(ctx, from); err != nil {
		return facts, err
	}

	if facts.Backups, err = backups(ctx, from.Steward, asked); err != nil {
		return facts, err
	}

	left(facts.Backups, seen.Backups)

	made, err := copies(ctx, from, asked)
	if err != nil {
		return facts, err
	}

	facts.Backups = append(facts.Backups, made...)

	facts.Entries, err = entries.Since(ctx, from.Steward, oldest(facts))

	return facts, err
}

// wanted are the facts that need no database.
func wanted(rules *policy.Policy, asked Asked) (report.Facts, error) {
	zone, backups := rules.Company.Zone, rules.Promises.Backups

	facts := report.Facts{
		Month: asked.Month, AsOf: asked.AsOf.UTC(), Zone: zone,
		Policy: report.Policy{SHA256: rules.Hash(), Mode: backups.Mode, WhenBackupsStop: string(backups.WhenBackupsStop)},
	}

	if asked.Month.IsZero() || calendar.StartOf(asked.Month.First(), zone).After(asked.AsOf) {
		return facts, failure.New(failure.ReportRefused, "reading a month (it has not begun)")
	}

	for _, rule := range rules.Rules() {
		if rule.Backups != nil {
			facts.Rule = *rule.Backups
		}
	}

	if asked.Database != "" {
		if !slices.Contains(facts.Rule.Databases, asked.Database) {
			return facts, failure.New(failure.UnknownDatabase, "reading a month")
		}

		facts.Rule.Databases = []string{asked.Database}
	}

	return facts, nil
}

func installed(ctx context.Context, q postgres.Queryer) (time.Time, error) {
	var at time.Time

	err := q.QueryRow(ctx, "select installed_at from installation").Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, failure.New(failure.ReportRefused, "reading when this steward was set up (it never was)")
	}

	return at.UTC(), failure.Wrap(failure.Unavailable, "reading when this steward was set up", err)
}

// head reads the signed state of the ledger and checks its signature: what does
// not hold is nothing to stand on.
func head(ctx context.Context, from Sources) (report.Checkpoint, error) {
	read, err := ledger.ReadHead(ctx, from.Steward)
	if err != nil {
		return report.Checkpoint{}, err
	}

	stands := report.Checkpoint{Origin: from.Key.Name(), Size: read.Size, Root: read.Root.String(), Checkpoint: read.Checkpoint}
	if read.Size == 0 {
		return stands, nil
	}

	signed, err := ledger.OpenCheckpoint([]byte(read.Checkpoint), from.Key)
	if err != nil {
		return stands, err
	}

	if signed.Size != read.Size || signed.Root != read.Root {
		return stands, failure.New(failure.LedgerTampered, "reading the ledger's head (its checkpoint is of another state)")
	}

	stands.SignedAt = signed.At

	return stands, nil
}

// oldest is from when on entries can be about the backups at hand. An hour is
// more than lies between the opening of a day and its first entry's clock.
func oldest(facts report.Facts) time.Time {
	from := calendar.StartOf(facts.Month.First(), facts.Zone)

	for _, backup := range facts.Backups {
		if !backup.SnapshotAt.IsZero() && backup.SnapshotAt.Before(from) {
			from = backup.SnapshotAt
		}
	}

	return from.Add(-time.Hour)
}
