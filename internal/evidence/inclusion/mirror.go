package inclusion

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Mirror is the copy in the mirror bucket, with every hash made anew from the
// text of the entries. It holds 64 bytes for each entry of the ledger.
type Mirror struct {
	// nodes are the stored hashes of the tree, by index.
	nodes []tlog.Hash
	// leaves are the cited entries that were found.
	leaves map[ledger.ID]Cited
}

// OpenMirror reads the mirror to its end. It fails with LedgerTampered when the
// segments do not follow each other, and with Unavailable when it cannot be read.
func OpenMirror(ctx context.Context, from ledger.Mirror, cited []Cited) (*Mirror, error) {
	opened := &Mirror{leaves: map[ledger.ID]Cited{}}
	wanted := map[ledger.ID]Cited{}

	for _, each := range cited {
		wanted[each.ID] = each
	}

	size := int64(0)

	for name, err := range from.List(ctx, ledger.SegmentPrefix, "") {
		if err != nil {
			return nil, failure.Wrap(failure.Unavailable, "listing the ledger's mirror", err)
		}

		data, _, err := from.Get(ctx, name)
		if err != nil {
			return nil, failure.Wrap(failure.Unavailable, "reading the ledger's mirror", err)
		}

		segment, err := ledger.ParseSegment(data)
		if err != nil {
			return nil, err
		}

		if segment.From != size || name != ledger.SegmentName(segment.From, segment.To) {
			return nil, failure.New(failure.LedgerTampered, "reading the ledger's mirror (a segment is not where it belongs)")
		}

		if err := opened.add(segment, wanted); err != nil {
			return nil, err
		}

		size = segment.To
	}

	return opened, nil
}

// add takes the entries of the next segment into the tree.
func (m *Mirror) add(segment ledger.Segment, wanted map[ledger.ID]Cited) error {
	for _, line := range segment.Lines {
		hashes, err := tlog.StoredHashes(line.Position, line.Leaf, m.reader())
		if err != nil {
			return failure.Wrap(failure.LedgerTampered, "building the mirror's tree", err)
		}

		m.nodes = append(m.nodes, hashes...)

		id := ledger.LeafID(line.Leaf)
		if _, cited := wanted[id]; cited {
			m.leaves[id] = Cited{ID: id, Position: line.Position, Hash: tlog.RecordHash(line.Leaf)}
		}
	}

	return nil
}

// Leaf implements Copy.
func (m *Mirror) Leaf(_ context.Context, cited Cited) (tlog.Hash, error) {
	leaf, found := m.leaves[cited.ID]
	if found && (cited.Position < 0 || leaf.Position == cited.Position) {
		return leaf.Hash, nil
	}

	return tlog.Hash{}, failure.New(failure.EvidenceMissing, "looking for a cited entry in the mirror")
}

// Hashes implements Copy.
func (m *Mirror) Hashes(context.Context) tlog.HashReader { return m.reader() }

func (m *Mirror) reader() tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))

		for i, index := range indexes {
			if index < 0 || index >= int64(len(m.nodes)) {
				return nil, failure.New(failure.LedgerTampered, "reading a hash that the mirror does not reach")
			}

			out[i] = m.nodes[index]
		}

		return out, nil
	})
}

// SealedOnly implements Copy.
func (*Mirror) SealedOnly() bool { return true }
