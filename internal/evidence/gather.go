package evidence

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/evidence/history"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// Sources are where evidence is read from.
type Sources struct {
	// Steward is the steward database. For one consistent picture it is a
	// transaction that sees one snapshot.
	Steward postgres.Queryer
	// OffFile lists when the dev machine was off; empty outside the dev
	// environment, where being off is no excuse.
	OffFile string
}

// Gather reads the evidence about every rule of the policy. All times are UTC.
// It fails with Unavailable when the database does not answer, and with
// EvidenceMissing when a row or the file of OffFile makes no sense: then nothing
// is known.
func Gather(ctx context.Context, from Sources, rules *policy.Policy) (promise.Evidence, error) {
	armed, err := armed(ctx, from.Steward, rules.Rules())
	if err != nil {
		return promise.Evidence{}, err
	}

	backups, err := backups(ctx, from.Steward, rules.Promises.Backups.Copies)
	if err != nil {
		return promise.Evidence{}, err
	}

	found, err := ledgerEvidence(ctx, from.Steward)
	if err != nil {
		return promise.Evidence{}, err
	}

	erased, err := erasures(ctx, from.Steward)
	if err != nil {
		return promise.Evidence{}, err
	}

	off, err := ReadOff(from.OffFile)
	if err != nil {
		return promise.Evidence{}, err
	}

	return promise.Evidence{Armed: armed, Backups: backups, Ledger: found, Erasures: erased, Dev: from.OffFile != "", Off: off}, nil
}

// armed tells since when each item is watched: since the installation, or, if it
// came into the policy later, since the last audit that did not know it. Without
// a row about the installation nothing was ever set up.
func armed(ctx context.Context, q postgres.Queryer, rules []promise.Rule) (map[promise.Key]time.Time, error) {
	var installed time.Time

	err := q.QueryRow(ctx, "select installed_at from installation").Scan(&installed)
	if errors.Is(err, pgx.ErrNoRows) {
		return map[promise.Key]time.Time{}, nil
	}

	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading when this steward was set up", err)
	}

	last, err := history.Latest(ctx, q)
	if err != nil {
		return nil, err
	}

	since := map[promise.Key]time.Time{}
	for _, key := range keys(rules) {
		since[key] = last.ArmedAt(key, installed.UTC())
	}

	return since, nil
}

// keys names every item that the rules judge.
func keys(rules []promise.Rule) []promise.Key {
	var all []promise.Key

	for _, rule := range rules {
		switch {
		case rule.Backups != nil:
			for _, database := range rule.Backups.Databases {
				all = append(all, promise.Key{Promise: rule.Name, Item: database})
			}
		case rule.Ledger != nil, rule.Name == promise.Erasure:
			all = append(all, promise.Key{Promise: rule.Name})
		}
	}

	return all
}

// ledgerEvidence reads how far the ledger is signed, what waits, and what the
// newest verification found.
func ledgerEvidence(ctx context.Context, q postgres.Queryer) (promise.LedgerEvidence, error) {
	head, err := ledger.ReadHead(ctx, q)
	if err != nil {
		return promise.LedgerEvidence{}, err
	}

	waiting, err := ReadUnsealed(ctx, q)
	if err != nil {
		return promise.LedgerEvidence{}, err
	}

	verified, err := LastVerification(ctx, q)
	if err != nil {
		return promise.LedgerEvidence{}, err
	}

	found := promise.LedgerEvidence{
		VerifiedAt: verified.At, Finding: verified.Text(), CheckpointSize: head.Size, OldestUnsealedAt: waiting.Oldest,
	}
	if head.Size > 0 {
		found.CheckpointAt = head.At
	}

	return found, nil
}

// Unsealed are the ledger's entries that wait for their seal.
type Unsealed struct {
	// Count is how many wait.
	Count int64
	// Oldest is when the first of them was written; zero when none waits.
	Oldest time.Time
}

// ReadUnsealed counts what waits for its seal. It fails with Unavailable.
func ReadUnsealed(ctx context.Context, q postgres.Queryer) (Unsealed, error) {
	var (
		waiting Unsealed
		oldest  *time.Time
	)

	err := q.QueryRow(ctx, "select count(*), min(at) from ledger.entries where position is null").Scan(&waiting.Count, &oldest)
	if oldest != nil {
		waiting.Oldest = oldest.UTC()
	}

	return waiting, failure.Wrap(failure.Unavailable, "counting what waits for its seal", err)
}
