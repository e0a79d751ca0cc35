package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/evidence"
	"steward/internal/keys"
	"steward/internal/ledger"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/policy"
)

func newLedger(a *app) *cobra.Command {
	return group("ledger", "Verify, read and prove the record of evidence",
		"The ledger is the append-only record of what was done for each promise: one copy in the steward\n"+
			"database, one in a bucket, both under signed checkpoints. docs/ledger.md says how it is built.",
		"  steward ledger verify\n  steward ledger show --limit 5",
		newLedgerVerify(a), newLedgerShow(a), newLedgerProve(a), newLedgerCheckProof(a))
}

// entryRow is one entry of the ledger.
type entryRow struct {
	// Position is its place in the ledger, counted from 0.
	Position int64 `json:"position"`
	// ID is opaque.
	ID ledger.ID `json:"id"`
	// Kind is what it is evidence of.
	Kind ledger.Kind `json:"kind"`
	// At is the instant of the business event.
	At time.Time `json:"at"`
	// Body is what it says; its members depend on the kind (docs/ledger.md).
	Body json.RawMessage `json:"body"`
}

func rowOfEntry(position int64, entry ledger.Entry) entryRow {
	return entryRow{Position: position, ID: entry.ID, Kind: entry.Kind, At: entry.At, Body: json.RawMessage(entry.Body)}
}

// headRow is the newest signed state of the ledger.
type headRow struct {
	// Size is the number of sealed entries.
	Size int64 `json:"size"`
	// Root is the Merkle root over them, in base64.
	Root string `json:"root"`
	// SignedAt is when it was signed; missing for an empty ledger.
	SignedAt time.Time `json:"signed_at,omitzero"`
	// Checkpoint is the signed note; who keeps it can later show a rewound ledger.
	Checkpoint string `json:"checkpoint"`
}

func rowOfHead(head ledger.Head) headRow {
	row := headRow{Size: head.Size, Root: head.Root.String(), Checkpoint: head.Checkpoint}
	if head.Size > 0 {
		row.SignedAt = head.At
	}

	return row
}

// bothCopies opens what the ledger's verification needs.
func (a *app) bothCopies(ctx context.Context, settings config.Config, rules *policy.Policy) (evidence.Verifier, error) {
	var both evidence.Verifier

	db, err := a.database(ctx, settings)
	if err != nil {
		return both, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return both, err
	}

	key, err := keys.Verifier(rules.Keys.Ledger)

	return evidence.Verifier{
		Steward: db, Mirror: gcsmirror.New(storage.Bucket(rules.Storage.Ledger)), Key: key,
		SealWithin: rules.Promises.Ledger.SealWithin.Longest(), Patience: settings.Patience(),
	}, err
}
