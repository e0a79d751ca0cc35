package seal

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

const (
	selectWaiting = `SELECT id, kind, at, body FROM ledger.entries WHERE position IS NULL ORDER BY serial LIMIT $1`

	selectSealed = `SELECT id, kind, at, body FROM ledger.entries
		WHERE position >= $1 AND position < $2 ORDER BY position`

	selectSegment = `SELECT sha256 FROM ledger.segments WHERE from_position = $1 AND to_position = $2`

	replaceHead = `UPDATE ledger.head SET size = $1, root = $2, at = $3, checkpoint = $4, segment_from = $5
		WHERE size = $5 AND root = $6 AND checkpoint = $7`

	assignPositions = `UPDATE ledger.entries AS e SET position = v.position, leaf_hash = v.hash
		FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS v (id, position, hash)
		WHERE e.id = v.id AND e.position IS NULL`

	insertHashes = `INSERT INTO ledger.hashes (idx, hash)
		SELECT $1::bigint + v.n - 1, v.hash FROM unnest($2::bytea[]) WITH ORDINALITY AS v (hash, n)`

	insertSegment = `INSERT INTO ledger.segments (from_position, to_position, root, sha256, sealed_at, checkpoint)
		VALUES ($1, $2, $3, $4, $5, $6)`
)

// readWaiting reads the entries that have no position yet, in order of arrival.
// One that commits later with a smaller serial is simply taken by a later batch.
func readWaiting(ctx context.Context, q ledger.Queryer, limit int) ([]ledger.Entry, error) {
	return readEntries(ctx, q, selectWaiting, limit)
}

func readEntries(ctx context.Context, q ledger.Queryer, sql string, args ...any) ([]ledger.Entry, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading ledger entries", err)
	}

	entries, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.Entry, error) {
		var (
			entry ledger.Entry
			body  string
		)

		err := row.Scan(&entry.ID, &entry.Kind, &entry.At, &body)
		entry.At, entry.Body = entry.At.UTC(), []byte(body)

		return entry, err
	})

	return entries, failure.Wrap(failure.Unavailable, "reading ledger entries", err)
}

// commit is the one transaction that makes a batch part of the ledger. It
// returns failure.LedgerMoved if the head is no longer the one that was read,
// and failure.LedgerUnknown if the commit was sent and its outcome is unknown.
func commit(ctx context.Context, db Database, old ledger.Head, b batch) error {
	sent := false

	err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		err := write(ctx, tx, old, b)
		sent = err == nil

		return err
	})
	if err != nil && sent {
		// Whatever code the cause has, what matters is that the outcome is unknown.
		return errors.Join(failure.New(failure.LedgerUnknown, "committing a batch"), err)
	}

	return failure.Wrap(failure.Unavailable, "sealing a batch", err)
}

// write does the statements of the transaction. The first one takes the lock
// that two sealers contend for.
func write(ctx context.Context, tx postgres.Tx, old ledger.Head, b batch) error {
	moved, err := tx.Exec(ctx, replaceHead, b.to, b.root[:], b.at, string(b.checkpoint), b.from, old.Root[:], old.Checkpoint)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "replacing the ledger's head", err)
	}

	if moved == 0 {
		return failure.New(failure.LedgerMoved, "replacing the ledger's head")
	}

	ids, positions := make([]string, len(b.entries)), make([]int64, len(b.entries))
	for i, entry := range b.entries {
		ids[i], positions[i] = string(entry.ID), b.from+int64(i)
	}

	assigned, err := tx.Exec(ctx, assignPositions, ids, positions, bytesOf(b.leaves))
	if err != nil {
		return failure.Wrap(failure.Unavailable, "assigning positions", err)
	}

	if assigned != int64(len(b.entries)) {
		return failure.New(failure.LedgerTampered, "assigning positions to entries that are gone")
	}

	if _, err = tx.Exec(ctx, insertHashes, tlog.StoredHashCount(b.from), bytesOf(b.hashes)); err != nil {
		return failure.Wrap(failure.Unavailable, "storing hashes", err)
	}

	_, err = tx.Exec(ctx, insertSegment, b.from, b.to, b.root[:], b.sum[:], b.at, string(b.checkpoint))

	return failure.Wrap(failure.Unavailable, "storing a segment's row", err)
}

func bytesOf(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}

	return out
}

// readSum reads the SHA-256 of the head's segment.
func readSum(ctx context.Context, q ledger.Queryer, head ledger.Head) ([sha256.Size]byte, error) {
	var raw []byte

	err := q.QueryRow(ctx, selectSegment, head.SegmentFrom, head.Size).Scan(&raw)
	if err != nil {
		return [sha256.Size]byte{}, failure.Wrap(failure.Unavailable, "reading a segment's row", err)
	}

	return [sha256.Size]byte(raw), nil
}
