package seal

import (
	"context"
	"crypto/sha256"
	"math/bits"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// batch is everything that one seal writes, computed before anything is written.
type batch struct {
	from, to   int64
	entries    []ledger.Entry
	leaves     []tlog.Hash // of entries
	hashes     []tlog.Hash // stored hashes, the first at StoredHashCount(from)
	root       tlog.Hash
	at         time.Time
	checkpoint []byte // signed
	segment    []byte
	sum        [sha256.Size]byte // of segment
}

func (b batch) stagingName() string { return ledger.StagingName(b.from, b.to, b.sum) }

func (b batch) head() ledger.Head {
	return ledger.Head{Size: b.to, Root: b.root, At: b.at, Checkpoint: string(b.checkpoint), SegmentFrom: b.from}
}

// prepare reads the tree's right edge, checks it against the head, and computes
// the batch that follows.
func (s *Sealer) prepare(ctx context.Context, head ledger.Head, entries []ledger.Entry, at time.Time) (batch, error) {
	indexes := edge(head.Size)

	hashes, err := ledger.HashReader(ctx, s.db).ReadHashes(indexes)
	if err != nil {
		return batch{}, err //nolint:wrapcheck // it is our own reader, with its own code
	}

	known := make(map[int64]tlog.Hash, len(indexes)+2*len(entries))
	for i, index := range indexes {
		known[index] = hashes[i]
	}

	return build(head, known, entries, at, s.signer)
}

// edge gives the indexes of the hashes along the right edge of a tree: one for
// each complete subtree. All that a growing tree needs is among them.
func edge(size int64) []int64 {
	var out []int64

	for level := bits.Len64(uint64(max(size, 0))) - 1; level >= 0; level-- {
		if size>>level&1 == 1 {
			out = append(out, tlog.StoredHashIndex(level, size>>level-1))
		}
	}

	return out
}

// known is a reader over hashes in memory.
func reader(known map[int64]tlog.Hash) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))

		for i, index := range indexes {
			hash, ok := known[index]
			if !ok {
				return nil, failure.New(failure.LedgerTampered, "looking for a hash of the right edge")
			}

			out[i] = hash
		}

		return out, nil
	})
}

// build computes a batch. It is pure but for the signature. It returns
// failure.LedgerTampered if the edge does not give the head's root; known is
// extended with the new hashes.
func build(head ledger.Head, known map[int64]tlog.Hash, entries []ledger.Entry, at time.Time, signer note.Signer) (batch, error) {
	root, err := tlog.TreeHash(head.Size, reader(known))
	if err != nil || root != head.Root {
		return batch{}, failure.New(failure.LedgerTampered, "checking the right edge against the head")
	}

	out := batch{from: head.Size, to: head.Size + int64(len(entries)), entries: entries, at: at}
	segment := ledger.Segment{Origin: signer.Name(), From: out.from, To: out.to}
	next := tlog.StoredHashCount(head.Size)

	for i, entry := range entries {
		leaf, position := entry.Leaf(), head.Size+int64(i)

		stored, err := tlog.StoredHashes(position, leaf, reader(known))
		if err != nil {
			return batch{}, failure.Wrap(failure.LedgerTampered, "hashing a batch", err)
		}

		for _, hash := range stored {
			known[next] = hash
			next++
		}

		out.leaves = append(out.leaves, stored[0])
		out.hashes = append(out.hashes, stored...)
		segment.Lines = append(segment.Lines, ledger.Line{Position: position, Hash: stored[0], Leaf: leaf})
	}

	if out.root, err = tlog.TreeHash(out.to, reader(known)); err != nil {
		return batch{}, failure.Wrap(failure.LedgerTampered, "hashing the new tree", err)
	}

	out.segment = segment.Encode()
	out.sum = sha256.Sum256(out.segment)

	checkpoint := ledger.Checkpoint{Origin: signer.Name(), Size: out.to, Root: out.root, At: at}
	out.checkpoint, err = checkpoint.Sign(signer)

	return out, err
}
