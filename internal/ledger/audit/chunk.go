package audit

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
)

// step takes in everything up to the next signed state. It returns false when
// there is none.
func (r *run) step() bool {
	to, ok := r.boundary()
	if !ok {
		return false
	}

	c := &chunk{from: r.edge.size, to: to, items: map[Where][]item{}}
	nodes := r.takeNodes(to)
	segments := r.takeObjects(c)
	rows := r.takeSegmentRows(to)
	c.items[Database] = r.takeRows(to)

	truth, proven := decide(r.edge, r.rootsAt(to, rows), gather(c, nodes))
	c.truth = truth
	proven = proven && r.trusted

	if !proven {
		r.span(Both, r.unprovenAs(truth), c.from, c.to, "")
	}

	r.trusted = proven
	r.grow(truth, nodes)

	if !proven {
		r.anchor(to)
	}

	r.frames(c, segments, rows)
	r.judge(c)

	return true
}

// unprovenAs says what leaves are that lead to no signed root: another history
// if they are complete and follow a proven one.
func (r *run) unprovenAs(truth leaves) What {
	if truth.complete() && r.trusted {
		return Forked
	}

	return Unproven
}

// anchor ties the edge to the signed root again through the stored hashes, so
// that what comes after a destroyed segment can be named precisely.
func (r *run) anchor(size int64) {
	if stored, ok := r.stored.of(size); ok && stored.root() == r.newest.Root {
		r.edge, r.trusted = stored, true
	}
}

// judge compares the chunk before the new one, now that both its neighbours are
// known.
func (r *run) judge(next *chunk) {
	if r.middle != nil {
		all := []*chunk{r.middle}

		for _, neighbour := range []*chunk{r.before, next} {
			if neighbour != nil {
				all = append(all, neighbour)
			}
		}

		for _, where := range []Where{Database, InMirror} {
			window{where: where, middle: r.middle, all: all, report: r.report}.match()
		}
	}

	r.before, r.middle = r.middle, next
}

func (r *run) takeRows(to int64) []item {
	var out []item

	for _, row := range r.rows.take(func(row Row) bool { return row.Position < to }) {
		out = append(out, itemOfRow(row))
	}

	return out
}

func itemOfRow(row Row) item {
	it := item{position: row.Position, recorded: row.LeafHash, id: func() ledger.ID { return row.Entry.ID }}

	if row.Entry.WellFormed() {
		it.hash = row.Entry.Hash()
	}

	return it
}

func (r *run) takeNodes(to int64) map[int64]tlog.Hash {
	out := make(map[int64]tlog.Hash)

	for _, node := range r.nodes.take(func(n Node) bool { return n.Index < tlog.StoredHashCount(to) }) {
		out[node.Index] = node.Hash

		if node.Index >= 0 {
			r.stored.see(node)
		}
	}

	return out
}

// placed is a segment of the mirror, as far as it could be read.
type placed struct {
	name    Object
	segment ledger.Segment
	intact  bool
}

// takeObjects reads the mirror's segments that begin before the end of the
// chunk, and hands their entries to the chunks where they claim to stand.
func (r *run) takeObjects(c *chunk) []placed {
	var out []placed

	wanted := func(o Object) bool {
		from, _, ok := ledger.ParseSegmentName(o.Name)

		return !ok || from < c.to
	}

	for _, object := range r.objects.take(wanted) {
		segment, intact := ledger.SalvageSegment(object.Data)
		out = append(out, placed{name: object, segment: segment, intact: intact})

		for _, line := range segment.Lines {
			r.ahead = append(r.ahead, itemOfLine(line))
		}
	}

	later := r.ahead[:0:0]

	for _, it := range r.ahead {
		if it.position < c.to {
			c.items[InMirror] = append(c.items[InMirror], it)
		} else {
			later = append(later, it)
		}
	}

	r.ahead = later

	return out
}

func itemOfLine(line ledger.Line) item {
	it := item{position: line.Position, recorded: line.Hash, id: func() ledger.ID { return ledger.LeafID(line.Leaf) }}

	if line.Leaf != nil {
		it.hash = tlog.RecordHash(line.Leaf)
	}

	return it
}

func (r *run) takeSegmentRows(to int64) []SegmentRow {
	return r.segments.take(func(row SegmentRow) bool { return row.From < to || row.To <= to })
}

// frames checks what is around the entries: names, ranges and hashes of the
// mirror's segments, and the database's rows about them.
func (r *run) frames(c *chunk, segments []placed, rows []SegmentRow) {
	sums := make(map[[2]int64][sha256.Size]byte)

	for _, p := range segments {
		from, to, ok := ledger.ParseSegmentName(p.name.Name)

		switch {
		case !ok:
			r.span(InMirror, Inserted, c.from, c.from, "an object whose name is no segment's")
		case !p.intact || p.segment.Origin != r.options.Verifier.Name() || p.segment.From != from || p.segment.To != to:
			r.span(InMirror, SegmentChanged, from, to, "")
		case c.sound(p.segment):
			sums[[2]int64{from, to}] = sha256.Sum256(p.name.Data)
		}
	}

	for _, row := range rows {
		sum, known := sums[[2]int64{row.From, row.To}]

		if row.From != r.lastRow.To || known && sum != row.SHA256 || !r.rowSigned(row) {
			r.span(Database, SegmentChanged, row.From, row.To, "the row about it")
		}

		r.lastRow = row
	}

	if r.lastRow.To < c.to {
		r.span(Database, SegmentChanged, r.lastRow.To, c.to, "no row about it")
		r.lastRow.To = c.to
	}
}

// sound reports whether every line of a segment is what was sealed, so that the
// segment's bytes are the right ones.
func (c *chunk) sound(segment ledger.Segment) bool {
	for _, line := range segment.Lines {
		if it := itemOfLine(line); !c.holds(it) || it.hash != line.Hash {
			return false
		}
	}

	return true
}

// rowSigned reports whether a segment's row carries a valid checkpoint that
// says the same.
func (r *run) rowSigned(row SegmentRow) bool {
	checkpoint := r.checkpointOf([]byte(row.Checkpoint))

	return checkpoint.Size == row.To && checkpoint.Root == row.Root
}
