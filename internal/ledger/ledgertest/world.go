package ledgertest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
)

// Origin is the name of the keys that tests sign with.
const Origin = "ledger.test/steward"

// Keys gives a fresh signing key and its verifier.
func Keys(t testing.TB) (note.Signer, note.Verifier) {
	t.Helper()

	secret, public, err := note.GenerateKey(rand.Reader, Origin)
	if err != nil {
		t.Fatal(err)
	}

	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}

	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}

	return signer, verifier
}

// World is both copies of a ledger as plain values. It is built without the
// sequencer's code; a test changes it and verifies it.
type World struct {
	// Rows, Nodes, Segments and Head are the database.
	Rows []audit.Row
	// Nodes are the stored hashes.
	Nodes []audit.Node
	// Segments are the segments' rows.
	Segments []audit.SegmentRow
	// Head is the head row.
	Head ledger.Head
	// Objects are the mirror.
	Objects map[string][]byte
}

// epoch is when the first entry of a world happened.
func epoch() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 123456000, time.UTC) }

// NewWorld builds a ledger whose segments have the given sizes.
func NewWorld(t testing.TB, signer note.Signer, sizes ...int) World {
	t.Helper()

	world := World{Objects: map[string][]byte{}, Head: ledger.Head{Root: sha256.Sum256(nil), At: time.Unix(0, 0).UTC()}}
	for _, size := range sizes {
		world.Grow(t, signer, size)
	}

	return world
}

// Grow seals one more segment.
func (w *World) Grow(t testing.TB, signer note.Signer, size int) {
	t.Helper()

	from := w.Head.Size
	segment := ledger.Segment{Origin: signer.Name(), From: from, To: from + int64(size)}

	for position := from; position < segment.To; position++ {
		entry := newEntry(t, position)
		w.Rows = append(w.Rows, audit.Row{Position: position, Entry: entry, LeafHash: entry.Hash()})
		segment.Lines = append(segment.Lines, ledger.Line{Position: position, Hash: entry.Hash(), Leaf: entry.Leaf()})

		hashes, err := tlog.StoredHashes(position, entry.Leaf(), w.Reader())
		if err != nil {
			t.Fatal(err)
		}

		for _, hash := range hashes {
			w.Nodes = append(w.Nodes, audit.Node{Index: int64(len(w.Nodes)), Hash: hash})
		}
	}

	w.seal(t, signer, segment)
}

// NewWorldFrom gives the world as it was after its first n segments: what a
// restore of both copies to that moment would give.
func NewWorldFrom(w World, n int) World {
	last := w.Segments[n-1]
	checkpoint := []byte(last.Checkpoint)
	out := World{
		Rows: w.Rows[:last.To], Nodes: w.Nodes[:tlog.StoredHashCount(last.To)], Segments: w.Segments[:n],
		Head: ledger.Head{
			Size: last.To, Root: last.Root, At: epoch().Add(time.Duration(last.To) * time.Minute),
			Checkpoint: last.Checkpoint, SegmentFrom: last.From,
		},
		Objects: map[string][]byte{ledger.LatestName: checkpoint},
	}

	for _, s := range out.Segments {
		name := ledger.SegmentName(s.From, s.To)
		out.Objects[name], out.Objects[ledger.CheckpointName(s.To)] = w.Objects[name], []byte(s.Checkpoint)
	}

	return out.Clone()
}

func newEntry(t testing.TB, position int64) ledger.Entry {
	t.Helper()

	at := epoch().Add(time.Duration(position) * time.Minute)

	entry, err := ledger.NewEntry(ledger.PromiseBroken, at, ledger.PromiseBody{
		Promise: "backup.app", Code: "evidence.stale", Since: at.Truncate(time.Second), Overdue: position,
	})
	if err != nil {
		t.Fatal(err)
	}

	return entry
}

// Reader reads the stored hashes for tlog.
func (w *World) Reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(w.Nodes)) {
				return nil, failure.New(failure.LedgerTampered, "reading a hash of a test's ledger")
			}

			out[i] = w.Nodes[index].Hash
		}

		return out, nil
	})
}

func (w *World) seal(t testing.TB, signer note.Signer, segment ledger.Segment) {
	t.Helper()

	root, err := tlog.TreeHash(segment.To, w.Reader())
	if err != nil {
		t.Fatal(err)
	}

	at := epoch().Add(time.Duration(segment.To) * time.Minute)

	signed, err := ledger.Checkpoint{Origin: signer.Name(), Size: segment.To, Root: root, At: at}.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}

	data := segment.Encode()
	w.Segments = append(w.Segments, audit.SegmentRow{
		From: segment.From, To: segment.To, Root: root, SHA256: sha256.Sum256(data), Checkpoint: string(signed),
	})
	w.Head = ledger.Head{Size: segment.To, Root: root, At: at, Checkpoint: string(signed), SegmentFrom: segment.From}
	w.Objects[ledger.SegmentName(segment.From, segment.To)] = data
	w.Objects[ledger.CheckpointName(segment.To)] = signed
	w.Objects[ledger.LatestName] = signed
}

// Clone gives an independent copy; contents are shared until they are replaced.
func (w *World) Clone() World {
	return World{
		Rows: slices.Clone(w.Rows), Nodes: slices.Clone(w.Nodes), Segments: slices.Clone(w.Segments),
		Head: w.Head, Objects: maps.Clone(w.Objects),
	}
}

// Flip changes one byte of an object by a mask.
func (w *World) Flip(name string, at int, mask byte) {
	data := bytes.Clone(w.Objects[name])
	data[at] ^= mask
	w.Objects[name] = data
}

// Database gives the database's copy as it would be read: in order.
func (w *World) Database() audit.Copy {
	slices.SortStableFunc(w.Rows, func(a, b audit.Row) int { return int(a.Position - b.Position) })

	return audit.Copy{Entries: stream(w.Rows), Hashes: stream(w.Nodes), Segments: stream(w.Segments), Head: w.Head}
}

// Mirror gives the mirror's copy as it would be read.
func (w *World) Mirror() audit.Mirror {
	return audit.Mirror{
		Segments: stream(w.objects(ledger.SegmentPrefix)), Checkpoints: stream(w.objects(ledger.CheckpointPrefix)),
		Staged: w.objects(ledger.StagingPrefix), Latest: w.Objects[ledger.LatestName],
	}
}

func (w *World) objects(prefix string) []audit.Object {
	var out []audit.Object

	for _, name := range slices.Sorted(maps.Keys(w.Objects)) {
		if strings.HasPrefix(name, prefix) {
			out = append(out, audit.Object{Name: name, Data: w.Objects[name]})
		}
	}

	return out
}

func stream[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}
