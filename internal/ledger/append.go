package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
)

// Queryer runs statements on the steward database, inside a transaction or
// not. It is what package postgres gives.
type Queryer interface {
	// Exec runs one statement and gives the number of rows it touched.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Query runs one statement that gives rows.
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	// QueryRow runs one statement that gives one row.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const insertEntry = `INSERT INTO ledger.entries (id, kind, at, body) VALUES ($1, $2, $3, $4)`

// Append writes one entry inside the caller's business transaction: one INSERT,
// no lock, no wait for the sequencer. The entry is evidence once that
// transaction has committed, and has its position once it is sealed; package
// seal waits for that where it matters.
//
// A crash before the commit leaves neither the business change nor the entry.
// It refuses disallowed content with failure.LedgerEntryRefused before it
// touches the database.
func Append(ctx context.Context, q Queryer, kind Kind, at time.Time, body Body) (ID, error) {
	entry, err := NewEntry(kind, at, body)
	if err != nil {
		return "", err
	}

	_, err = q.Exec(ctx, insertEntry, string(entry.ID), string(entry.Kind), entry.At, string(entry.Body))
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, "appending to the ledger", err)
	}

	return entry.ID, nil
}
