package audit_test

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/ledgertest"
)

// remembering verifies each signature once: tens of thousands of cases share a
// handful of checkpoints.
type remembering struct {
	note.Verifier

	known *sync.Map
}

func (r remembering) Verify(msg, sig []byte) bool {
	key := string(msg) + "\x00" + string(sig)
	if ok, seen := r.known.Load(key); seen {
		return ok.(bool) //nolint:forcetypeassert // we stored it
	}

	ok := r.Verifier.Verify(msg, sig)
	r.known.Store(key, ok)

	return ok
}

// tampering is one case: a change, and the finding that must name it.
type tampering struct {
	name   string
	change func(*ledgertest.World)
	where  audit.Where
	what   []audit.What
	at     int64 // a position, or a size
	kept   []byte
	mixed  bool // another copy is accused too, of something else
}

type bench struct {
	t        *testing.T
	world    ledgertest.World
	signer   note.Signer
	verifier note.Verifier
	cases    []tampering
	fresh    ledgertest.World // the same history, other signatures of its own
}

func newBench(t *testing.T) *bench {
	t.Helper()

	signer, verifier := ledgertest.Keys(t)
	b := &bench{t: t, signer: signer, verifier: remembering{Verifier: verifier, known: &sync.Map{}}}
	b.world = ledgertest.NewWorld(t, signer, segmentSizes()...)
	b.fresh = ledgertest.NewWorld(t, signer, segmentSizes()...)

	return b
}

// segmentSizes are fifty entries in uneven segments, one of them a single entry.
func segmentSizes() []int { return []int{7, 16, 1, 13, 13} }

const entries = 50

// gcPercent is how much garbage the cases may leave before it is collected.
const gcPercent = 800

func (b *bench) verify(world ledgertest.World, kept ...[]byte) (audit.Report, error) {
	options := audit.Options{Verifier: b.verifier, AsOf: time.Unix(0, 0)}

	return audit.Verify(b.t.Context(), options, world.Database(), world.Mirror(), kept...)
}

func (b *bench) add(where audit.Where, at int64, name string, change func(*ledgertest.World), what ...audit.What) {
	b.cases = append(b.cases, tampering{name: name, where: where, at: at, change: change, what: what})
}

// named reports whether a finding names the case, and nobody else is accused.
func (c tampering) named(report audit.Report) bool {
	found := false

	for _, f := range report.Findings {
		if c.where != audit.Both && !c.mixed && f.Where != c.where {
			return false
		}

		inside := f.From <= c.at && c.at < f.To || f.From == c.at && f.To == c.at
		if f.Where == c.where && inside && slices.Contains(c.what, f.What) {
			found = true
		}
	}

	return found && (report.Tampered() || slices.Contains(c.what, audit.MirrorBehind))
}

// run judges all cases and returns how many were found and named.
func (b *bench) run() int64 {
	var (
		group sync.WaitGroup
		next  atomic.Int64
		named atomic.Int64
	)

	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(b.cases)); i = next.Add(1) - 1 {
				if b.judge(b.cases[i]) {
					named.Add(1)
				}
			}
		})
	}

	group.Wait()

	return named.Load()
}

func (b *bench) judge(c tampering) bool {
	world := b.world.Clone()
	c.change(&world)

	var kept [][]byte
	if c.kept != nil {
		kept = append(kept, c.kept)
	}

	report, err := b.verify(world, kept...)
	if err != nil || !c.named(report) {
		b.t.Errorf("%s: want %s %v at %d, got %v (%v)", c.name, c.where, c.what, c.at, report.Findings, err)

		return false
	}

	return true
}

// Must show 4 of the ledger: every way to tamper with fifty entries is found,
// and the finding names the copy, the kind and the place.
func TestEveryTamperingIsFoundAndNamed(t *testing.T) {
	t.Parallel()

	// Tens of thousands of short verifications make garbage and keep nothing.
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))

	b := newBench(t)

	if report, err := b.verify(b.world); err != nil || !report.Clean() || report.Size != entries {
		t.Fatalf("the untouched ledger: %v, %v", report, err)
	}

	counts := map[string]int{}

	for _, part := range []struct {
		name string
		add  func(*bench)
	}{
		{"content bytes", addFlips},
		{"columns", addColumns},
		{"objects", addObjects},
		{"stored hashes", addHashes},
		{"entries moved", addMoves},
		{"ends", addEnds},
		{"histories", addHistories},
		{"mirror behind", addBehind},
	} {
		before := len(b.cases)
		part.add(b)
		counts[part.name] = len(b.cases) - before
	}

	named := b.run()
	t.Logf("ledger tampering: cases=%d named=%d %v", len(b.cases), named, counts)

	if named < 20_000 {
		t.Errorf("only %d cases", named)
	}
}

// lineOf finds the segment object and the offset of an entry's leaf in it.
func (b *bench) lineOf(position int64) (name string, leafAt int) {
	for _, s := range b.world.Segments {
		if s.From <= position && position < s.To {
			name = ledger.SegmentName(s.From, s.To)
			leaf := b.world.Rows[position].Entry.Leaf()

			return name, bytes.Index(b.world.Objects[name], leaf)
		}
	}

	b.t.Fatalf("no segment holds %d", position)

	return "", 0
}

// flipField changes one byte of the fields that make up a leaf.
func flipField(w *ledgertest.World, position int64, field, at int, mask byte) {
	row := &w.Rows[position]
	flip := func(s string) string {
		raw := []byte(s)
		raw[at] ^= mask

		return string(raw)
	}

	switch field {
	case 0:
		row.Entry.ID = ledger.ID(flip(string(row.Entry.ID)))
	case 1:
		row.Entry.Kind = ledger.Kind(flip(string(row.Entry.Kind)))
	case 2:
		row.Entry.Body = []byte(flip(string(row.Entry.Body)))
	default:
		row.Entry.At = time.UnixMicro(row.Entry.At.UnixMicro() ^ int64(mask)<<(8*at)).UTC()
	}
}

// fieldSizes are the numbers of bytes of the fields of flipField.
func fieldSizes(e ledger.Entry) []int { return []int{len(e.ID), len(e.Kind), len(e.Body), 8} }

// addFlips flips every byte of every entry: each field in the database, each
// byte of the leaf in the mirror, and the same byte of a field in both.
func addFlips(b *bench) {
	for position := range int64(entries) {
		entry := b.world.Rows[position].Entry
		name, leafAt := b.lineOf(position)

		for field, size := range fieldSizes(entry) {
			for at := range size {
				b.add(audit.Database, position, fmt.Sprintf("database entry %d field %d byte %d", position, field, at),
					func(w *ledgertest.World) { flipField(w, position, field, at, 1) }, audit.Changed)
				b.add(audit.Both, position, fmt.Sprintf("both entries %d field %d byte %d", position, field, at),
					func(w *ledgertest.World) {
						flipField(w, position, field, at, 1)
						data := bytes.Replace(w.Objects[name], entry.Leaf(), w.Rows[position].Entry.Leaf(), 1)
						w.Objects[name] = data
					}, audit.Changed)
			}
		}

		for at := range len(entry.Leaf()) {
			b.add(audit.InMirror, position, fmt.Sprintf("mirror entry %d byte %d", position, at),
				func(w *ledgertest.World) { w.Flip(name, leafAt+at, 1) }, audit.Changed)
		}
	}
}

// addColumns flips what stands beside the content in the database.
func addColumns(b *bench) {
	for position := range int64(entries) {
		for at := range 32 {
			b.add(audit.Database, position, fmt.Sprintf("leaf hash %d byte %d", position, at),
				func(w *ledgertest.World) { w.Rows[position].LeafHash[at] ^= 1 }, audit.StoredHashWrong)
		}

		for bit := range 62 {
			b.add(audit.Database, position, fmt.Sprintf("position %d bit %d", position, bit),
				func(w *ledgertest.World) { w.Rows[position].Position ^= 1 << bit },
				audit.Missing, audit.Reordered, audit.CutHead, audit.CutTail)
		}
	}

	for i, s := range b.world.Segments {
		for at := range 32 {
			b.add(audit.Database, s.From, fmt.Sprintf("segment row %d sum byte %d", i, at),
				func(w *ledgertest.World) { w.Segments[i].SHA256[at] ^= 1 }, audit.SegmentChanged)
			b.add(audit.Database, s.From, fmt.Sprintf("segment row %d root byte %d", i, at),
				func(w *ledgertest.World) { w.Segments[i].Root[at] ^= 1 }, audit.SegmentChanged)
			b.add(audit.Database, entries, fmt.Sprintf("head root byte %d", at),
				func(w *ledgertest.World) { w.Head.Root[at] ^= 1 }, audit.HeadMismatch)
		}

		for at := range len(s.Checkpoint) {
			b.add(audit.Database, s.From, fmt.Sprintf("segment row %d checkpoint byte %d", i, at),
				func(w *ledgertest.World) { w.Segments[i].Checkpoint = flipText(s.Checkpoint, at) }, audit.SegmentChanged)
		}

		b.add(audit.Database, s.From, fmt.Sprintf("segment row %d gone", i), func(w *ledgertest.World) {
			w.Segments = slices.Delete(w.Segments, i, i+1)
		}, audit.SegmentChanged)
	}

	for at := range len(b.world.Head.Checkpoint) {
		b.add(audit.Database, entries, fmt.Sprintf("head checkpoint byte %d", at),
			func(w *ledgertest.World) { w.Head.Checkpoint = flipText(w.Head.Checkpoint, at) }, audit.CheckpointBad)
	}

	b.add(audit.Database, entries+1, "head size", func(w *ledgertest.World) { w.Head.Size++ }, audit.HeadMismatch)
	b.add(audit.Database, entries, "head segment", func(w *ledgertest.World) { w.Head.SegmentFrom++ }, audit.HeadMismatch)
	b.add(audit.Database, entries, "head time", func(w *ledgertest.World) { w.Head.At = w.Head.At.Add(1) }, audit.HeadMismatch)
}

func flipText(text string, at int) string {
	raw := []byte(text)
	raw[at] ^= 1

	return string(raw)
}

// addObjects flips every byte of every object of the mirror, and removes each.
func addObjects(b *bench) {
	for name, data := range b.world.Objects {
		from, _, isSegment := ledger.ParseSegmentName(name)
		size, isCheckpoint := ledger.ParseCheckpointName(name)

		for at := range data {
			change := func(w *ledgertest.World) { w.Flip(name, at, 4) }

			switch {
			case isSegment && b.insideLeaf(name, at):
				// Flipped with its entry already.
			case isSegment:
				b.add(audit.InMirror, b.positionAt(name, at), fmt.Sprintf("%s byte %d", name, at), change,
					audit.SegmentChanged, audit.Changed, audit.StoredHashWrong)
			case isCheckpoint:
				b.add(audit.InMirror, size, fmt.Sprintf("%s byte %d", name, at), change, audit.CheckpointBad)
			default:
				b.add(audit.InMirror, 0, fmt.Sprintf("%s byte %d", name, at), change, audit.CheckpointBad)
			}
		}

		gone := func(w *ledgertest.World) { delete(w.Objects, name) }

		switch {
		case isSegment:
			b.add(audit.InMirror, from, name+" gone", gone, audit.Missing, audit.CutHead, audit.CutTail)
		case isCheckpoint:
			b.add(audit.InMirror, size, name+" gone", gone, audit.CheckpointMissing)
		default:
			b.add(audit.InMirror, entries, name+" gone", gone, audit.CheckpointMissing)
		}
	}
}

// insideLeaf reports whether a byte of a segment belongs to a leaf.
func (b *bench) insideLeaf(name string, at int) bool {
	data := b.world.Objects[name]
	line := data[bytes.LastIndexByte(data[:at], '\n')+1:]
	leafAt := bytes.Index(line, []byte(` {"at":`))

	return leafAt >= 0 && leafAt < bytes.IndexByte(line, '\n') && bytes.IndexByte(data[at:], '\n') < bytes.IndexByte(line, '\n')-leafAt
}

// positionAt is the position of the entry to which a byte of a segment belongs;
// bytes of its head belong to its first entry.
func (b *bench) positionAt(name string, at int) int64 {
	from, _, _ := ledger.ParseSegmentName(name)
	lines := int64(strings.Count(string(b.world.Objects[name][:at]), "\n"))

	return from + max(0, lines-3)
}

// addHashes flips every byte of every stored hash, and removes each.
func addHashes(b *bench) {
	for i := range b.world.Nodes {
		at := b.nodeStart(i)

		for k := range 32 {
			b.add(audit.Database, at, fmt.Sprintf("stored hash %d byte %d", i, k),
				func(w *ledgertest.World) { w.Nodes[i].Hash[k] ^= 1 }, audit.StoredHashWrong)
		}

		b.add(audit.Database, at, fmt.Sprintf("stored hash %d gone", i),
			func(w *ledgertest.World) { w.Nodes = slices.Delete(w.Nodes, i, i+1) }, audit.StoredHashWrong)
	}

	b.add(audit.Database, entries, "stored hash beyond the end", func(w *ledgertest.World) {
		w.Nodes = append(w.Nodes, audit.Node{Index: int64(len(w.Nodes))})
	}, audit.StoredHashWrong)
}
