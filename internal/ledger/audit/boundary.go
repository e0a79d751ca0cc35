package audit

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
)

// boundary finds the next signed state after the edge: the smallest one that
// any copy still holds. Checkpoints that do not hold are findings, not states.
func (r *run) boundary() (int64, bool) {
	r.skipBadNotes()

	var candidates []ledger.Checkpoint

	if r.notes.ok {
		candidates = append(candidates, r.checkpointOf(r.notes.item.Data))
	}

	for r.segments.ok && r.segments.item.To <= r.edge.size {
		r.span(Database, SegmentChanged, r.segments.item.From, r.segments.item.To, "the row about it")
		r.segments.advance()
	}

	if r.segments.ok {
		candidates = append(candidates, r.checkpointOf([]byte(r.segments.item.Checkpoint)))
	}

	to := int64(0)

	for _, checkpoint := range append(candidates, r.head, r.latest) {
		if checkpoint.Size > r.edge.size && (to == 0 || checkpoint.Size < to) {
			to, r.newest = checkpoint.Size, checkpoint
		}
	}

	return to, to > 0
}

// openedLimit bounds the checkpoints that are remembered: the copies hold each
// in up to four places, which are read close to each other.
const openedLimit = 8

// checkpointOf opens a checkpoint; the zero value means that it does not hold.
func (r *run) checkpointOf(signed []byte) ledger.Checkpoint {
	if known, seen := r.opened[string(signed)]; seen {
		return known
	}

	checkpoint, err := ledger.OpenCheckpoint(signed, r.options.Verifier)
	if err != nil {
		checkpoint = ledger.Checkpoint{}
	}

	if len(r.opened) >= openedLimit {
		clear(r.opened)
	}

	r.opened[string(signed)] = checkpoint

	return checkpoint
}

// skipBadNotes goes on to the mirror's next checkpoint that is valid, stands
// under its own name, and lies after the edge.
func (r *run) skipBadNotes() {
	for ; r.notes.ok; r.notes.advance() {
		size, named := ledger.ParseCheckpointName(r.notes.item.Name)
		checkpoint := r.checkpointOf(r.notes.item.Data)

		switch {
		case named && checkpoint.Size == size && size > r.edge.size:
			return
		case !named:
			r.at(InMirror, Inserted, r.edge.size, "an object whose name is no checkpoint's")
		default:
			r.at(InMirror, CheckpointBad, size, "")
		}
	}
}

// rootsAt collects the signed roots of a size, and names what the mirror or the
// rows lack or say otherwise.
func (r *run) rootsAt(size int64, rows []SegmentRow) []tlog.Hash {
	roots := []tlog.Hash{r.newest.Root}

	signed := []ledger.Checkpoint{r.head, r.latest}
	for _, row := range rows {
		signed = append(signed, r.checkpointOf([]byte(row.Checkpoint)))
	}

	if r.notes.ok {
		if note := r.checkpointOf(r.notes.item.Data); note.Size == size {
			signed = append(signed, note)
			r.mirrorSize = size
			r.notes.advance()
		}
	}

	if r.mirrorSize != size {
		r.at(InMirror, CheckpointMissing, size, "")
	}

	for _, checkpoint := range signed {
		if checkpoint.Size == size && !slices.Contains(roots, checkpoint.Root) {
			roots = append(roots, checkpoint.Root)
			r.at(Both, Forked, size, "two signed checkpoints of one size")
		}
	}

	return roots
}
