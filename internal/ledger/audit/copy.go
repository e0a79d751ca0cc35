package audit

import (
	"crypto/sha256"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
)

// Row is one sealed entry as the database holds it.
type Row struct {
	// Position is its place in the ledger.
	Position int64
	// Entry is the content.
	Entry ledger.Entry
	// LeafHash is the hash stored beside it.
	LeafHash tlog.Hash
}

// Node is one stored hash, numbered as tlog.StoredHashIndex does.
type Node struct {
	// Index is its number.
	Index int64
	// Hash is the hash.
	Hash tlog.Hash
}

// SegmentRow is what the database remembers of one segment.
type SegmentRow struct {
	// From is the first position, To the one after the last.
	From, To int64
	// Root is the Merkle root of the ledger of size To.
	Root tlog.Hash
	// SHA256 is the hash of the segment's bytes in the mirror.
	SHA256 [sha256.Size]byte
	// Checkpoint is the signed note of size To.
	Checkpoint string
}

// Copy is the database's copy. The streams are read once, in order.
type Copy struct {
	// Entries are the sealed entries by position.
	Entries iter.Seq2[Row, error]
	// Hashes are the stored hashes by index.
	Hashes iter.Seq2[Node, error]
	// Segments are the segments' rows by range.
	Segments iter.Seq2[SegmentRow, error]
	// Head is the head row.
	Head ledger.Head
	// Unsealed counts the entries that wait for their seal.
	Unsealed int64
	// OldestUnsealed is the time of the oldest of them; zero if there is none.
	OldestUnsealed time.Time
}

// Object is one object of the mirror.
type Object struct {
	// Name is its name in the bucket.
	Name string
	// Data is its content.
	Data []byte
}

// Mirror is the mirror's copy. The streams are read once, in order of names.
type Mirror struct {
	// Segments are the objects under ledger.SegmentPrefix.
	Segments iter.Seq2[Object, error]
	// Checkpoints are the objects under ledger.CheckpointPrefix.
	Checkpoints iter.Seq2[Object, error]
	// Staged are the few objects under ledger.StagingPrefix.
	Staged []Object
	// Latest is the pointer to the newest checkpoint; nil if there is none.
	Latest []byte
}

// cursor reads a stream with one item of look-ahead.
type cursor[T any] struct {
	next func() (T, error, bool)
	stop func()
	item T
	ok   bool
	err  error // the first error of the stream; it ends it
}

func newCursor[T any](stream iter.Seq2[T, error]) *cursor[T] {
	next, stop := iter.Pull2(stream)
	c := &cursor[T]{next: next, stop: stop}
	c.advance()

	return c
}

// advance goes to the next item; ok says whether there is one.
func (c *cursor[T]) advance() {
	c.item, c.err, c.ok = c.next()
	if c.err != nil {
		c.ok = false
	}
}

// take gives the items as long as they are wanted, and stops before the first
// that is not.
func (c *cursor[T]) take(wanted func(T) bool) []T {
	var out []T

	for c.ok && wanted(c.item) {
		out = append(out, c.item)
		c.advance()
	}

	return out
}
