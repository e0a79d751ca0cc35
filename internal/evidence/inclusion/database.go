package inclusion

import (
	"context"
	"errors"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
)

// Database is the copy in the steward database.
type Database struct {
	// Steward is the database; for one consistent picture, a snapshot of it.
	Steward ledger.Queryer
}

// Leaf implements Copy. An entry that stands at another place is none.
func (d Database) Leaf(ctx context.Context, cited Cited) (tlog.Hash, error) {
	entry, position, err := ledger.Find(ctx, d.Steward, cited.ID)

	switch {
	case errors.Is(err, ledger.ErrUnsealed):
		position = entries.Waiting
	case err != nil:
		return tlog.Hash{}, err
	}

	if cited.Position >= 0 && position != cited.Position {
		return tlog.Hash{}, failure.New(failure.EvidenceMissing, "looking for an entry at its position")
	}

	return entry.Hash(), nil
}

// Hashes implements Copy.
func (d Database) Hashes(ctx context.Context) tlog.HashReader {
	return ledger.HashReader(ctx, d.Steward)
}

// SealedOnly implements Copy.
func (Database) SealedOnly() bool { return false }
