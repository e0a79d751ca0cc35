package ledger

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
)

// Head is the single row that says how far the ledger is sealed.
type Head struct {
	// Size is the number of sealed entries.
	Size int64
	// Root is the Merkle root over them.
	Root tlog.Hash
	// At is when the head was signed; the epoch for an empty ledger.
	At time.Time
	// Checkpoint is the signed note; empty for an empty ledger.
	Checkpoint string
	// SegmentFrom is where the newest segment begins; it ends at Size.
	SegmentFrom int64
}

const selectHead = `SELECT size, root, at, checkpoint, segment_from FROM ledger.head`

// ReadHead reads the head. It is also what a manifest or a report quotes.
func ReadHead(ctx context.Context, q Queryer) (Head, error) {
	var (
		head Head
		root []byte
	)

	err := q.QueryRow(ctx, selectHead).Scan(&head.Size, &root, &head.At, &head.Checkpoint, &head.SegmentFrom)
	if err != nil {
		return Head{}, failure.Wrap(failure.Unavailable, "reading the ledger's head", err)
	}

	head.At = head.At.UTC()
	copy(head.Root[:], root)

	return head, nil
}

const selectHashes = `SELECT idx, hash FROM ledger.hashes WHERE idx = ANY($1)`

// HashReader reads stored hashes from the database for tlog. It needs no
// snapshot: stored hashes are never changed.
func HashReader(ctx context.Context, q Queryer) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		return readHashes(ctx, q, indexes)
	})
}

func readHashes(ctx context.Context, q Queryer, indexes []int64) ([]tlog.Hash, error) {
	if len(indexes) == 0 {
		return nil, nil
	}

	rows, err := q.Query(ctx, selectHashes, indexes)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the ledger's hashes", err)
	}
	defer rows.Close()

	found := make(map[int64]tlog.Hash, len(indexes))

	for rows.Next() {
		var (
			index int64
			raw   []byte
		)

		if err := rows.Scan(&index, &raw); err != nil {
			return nil, failure.Wrap(failure.Unavailable, "reading a hash of the ledger", err)
		}

		found[index] = tlog.Hash(raw)
	}

	if err := rows.Err(); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the ledger's hashes", err)
	}

	return inOrder(indexes, found)
}

// inOrder gives the hashes in the order asked for; a missing one is tampering.
func inOrder(indexes []int64, found map[int64]tlog.Hash) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))

	for i, index := range indexes {
		hash, ok := found[index]
		if !ok {
			return nil, failure.New(failure.LedgerTampered, "looking for a stored hash of the ledger")
		}

		out[i] = hash
	}

	return out, nil
}

const selectEntry = `SELECT id, kind, at, body, position FROM ledger.entries WHERE id = $1`

// ErrUnsealed is returned for an entry that has no position yet.
var ErrUnsealed = failure.New(failure.LedgerBehind, "looking for a sealed ledger entry")

// Find reads one entry and its position. It returns failure.EvidenceMissing if
// there is none, and the entry with ErrUnsealed if it is not sealed yet.
func Find(ctx context.Context, q Queryer, id ID) (Entry, int64, error) {
	var (
		entry    Entry
		body     string
		position *int64
	)

	err := q.QueryRow(ctx, selectEntry, string(id)).Scan(&entry.ID, &entry.Kind, &entry.At, &body, &position)
	if errors.Is(err, pgx.ErrNoRows) {
		return Entry{}, 0, failure.New(failure.EvidenceMissing, "looking for a ledger entry")
	}

	if err != nil {
		return Entry{}, 0, failure.Wrap(failure.Unavailable, "reading a ledger entry", err)
	}

	entry.At, entry.Body = entry.At.UTC(), []byte(body)

	if position == nil {
		return entry, 0, ErrUnsealed
	}

	return entry, *position, nil
}

// Prove gives the proof that the entry at a position is in the ledger, against
// the newest checkpoint.
func Prove(ctx context.Context, q Queryer, position int64) (Proof, error) {
	head, err := ReadHead(ctx, q)
	if err != nil {
		return Proof{}, err
	}

	if position < 0 || position >= head.Size {
		return Proof{}, failure.New(failure.EvidenceMissing, "proving a ledger entry that is not sealed")
	}

	path, err := tlog.ProveRecord(head.Size, position, HashReader(ctx, q))
	if err != nil {
		return Proof{}, failure.Wrap(failure.LedgerTampered, "proving a ledger entry", err)
	}

	return Proof{Index: position, Path: path, Checkpoint: []byte(head.Checkpoint)}, nil
}

// ProveSince gives the proof that the ledger of today begins with the ledger of
// an older size.
func ProveSince(ctx context.Context, q Queryer, oldSize int64) (Consistency, error) {
	head, err := ReadHead(ctx, q)
	if err != nil {
		return Consistency{}, err
	}

	if oldSize < 1 || oldSize > head.Size {
		return Consistency{}, failure.New(failure.EvidenceMissing, "proving from a size that the ledger has not")
	}

	path, err := tlog.ProveTree(head.Size, oldSize, HashReader(ctx, q))
	if err != nil {
		return Consistency{}, failure.Wrap(failure.LedgerTampered, "proving that the ledger only grew", err)
	}

	return Consistency{OldSize: oldSize, Path: path, Checkpoint: []byte(head.Checkpoint)}, nil
}
