package audit

import (
	"crypto/sha256"

	"steward/internal/ledger"
)

// tailRows bounds the rows beyond the end that are compared with the last
// segment: a renumbering moves its last entry there.
const tailRows = 1000

// leftovers names what lies beyond the last signed state.
func (r *run) leftovers() {
	end := r.edge.size
	tail := &chunk{from: end, to: end, items: map[Where][]item{}}

	for ; r.rows.ok && len(tail.items[Database]) < tailRows; r.rows.advance() {
		tail.items[Database] = append(tail.items[Database], itemOfRow(r.rows.item))
	}

	tail.items[InMirror] = r.ahead

	r.judge(tail)
	r.judge(nil)

	for ; r.rows.ok; r.rows.advance() {
		r.span(Database, Inserted, r.rows.item.Position, r.rows.item.Position+1, "")
	}

	if r.nodes.ok {
		r.span(Database, StoredHashWrong, end, end+1, "a hash beyond the end")
	}

	for ; r.segments.ok; r.segments.advance() {
		r.span(Database, SegmentChanged, r.segments.item.From, r.segments.item.To, "the row about it")
	}

	for ; r.objects.ok; r.objects.advance() {
		from, to, _ := ledger.ParseSegmentName(r.objects.item.Name)
		r.span(InMirror, Inserted, from, to, "a segment beyond the end")
	}
}

// ends compares where each copy ends with the newest state that was signed.
func (r *run) ends() {
	size := r.edge.size

	for _, kept := range r.kept {
		r.span(Both, Rewound, size, kept.Size, "a kept checkpoint is newer")
	}

	r.databaseEnd(size)

	if !r.behind(size) {
		r.mirrorEnd(size)
	}
}

// databaseEnd checks the head row.
func (r *run) databaseEnd(size int64) {
	head := r.db.Head
	empty := head.Size == 0 && head.Checkpoint == ""

	if empty {
		if head.Root != emptyRoot() || head.SegmentFrom != 0 {
			r.at(Database, HeadMismatch, 0, "")
		}
	} else if r.head.Size != head.Size || r.head.Root != head.Root || !r.head.At.Equal(head.At) {
		r.at(Database, HeadMismatch, head.Size, "")
	}

	if r.head.Size == 0 && !empty {
		// Its own checkpoint does not hold: that was said already.
		return
	}

	if r.head.Size < size {
		r.span(Database, Rewound, r.head.Size, size, "")
		r.report.drop(func(f Finding) bool { return lackIn(f, Database, r.head.Size) })

		return
	}

	if !empty && head.SegmentFrom != r.lastRow.From {
		r.at(Database, HeadMismatch, head.Size, "where the newest segment begins")
	}
}

// lackIn reports whether a finding only says that a copy lacks what comes after
// a size; "rewound" says it better.
func lackIn(f Finding, where Where, size int64) bool {
	lack := f.What == Missing || f.What == CheckpointMissing || f.What == StoredHashWrong ||
		f.What == SegmentChanged && f.Note == "no row about it"

	return lack && f.Where == where && f.To > size
}

// behind recognises the mirror that a crash between commit and publication
// leaves: only the newest segment is unfinished, in the order in which it is
// written, and its staged batch is still there.
func (r *run) behind(size int64) bool {
	from := r.db.Head.SegmentFrom
	staged := r.stagedFor(from, size)

	if !staged || r.head.Size != size || r.latest.Size != from {
		return false
	}

	r.span(InMirror, MirrorBehind, from, size, "the next seal mends it")
	r.report.drop(func(f Finding) bool {
		return f.Where == InMirror && (f.What == Missing && f.From >= from && r.mirrorSize != size ||
			f.What == CheckpointMissing && f.From == size)
	})

	return true
}

// stagedFor reports whether the batch that the database remembers is staged.
func (r *run) stagedFor(from, size int64) bool {
	for _, object := range r.mirror.Staged {
		sum := sha256.Sum256(object.Data)

		if object.Name == ledger.StagingName(from, size, sum) && sum == r.lastRow.SHA256 {
			return true
		}
	}

	return false
}

// mirrorEnd checks the pointer to the newest checkpoint.
func (r *run) mirrorEnd(size int64) {
	switch {
	case r.latest.Size == size:
	case r.mirror.Latest == nil:
		r.at(InMirror, CheckpointMissing, size, "the pointer to the newest one")
	case r.latest.Size == 0:
		// Its signature does not hold: that was said already.
	case r.mirrorSize > r.latest.Size:
		r.span(InMirror, Rewound, r.latest.Size, size, "the pointer to the newest checkpoint")
	default:
		r.span(InMirror, Rewound, r.latest.Size, size, "")
		r.report.drop(func(f Finding) bool { return lackIn(f, InMirror, r.latest.Size) })
	}
}
