package audit

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Options say how to verify.
type Options struct {
	// Verifier is the ledger's public key; its name is the origin.
	Verifier note.Verifier
	// AsOf is now, for the age of unsealed entries.
	AsOf time.Time
	// UnsealedLimit is how long an entry may wait for its seal; 0 is no limit.
	UnsealedLimit time.Duration
	// Tell, if not nil, is told now and then how many entries were compared.
	Tell func(entries int64)
}

// run is one verification.
type run struct {
	options Options
	db      Copy
	mirror  Mirror
	report  *Report

	rows     *cursor[Row]
	nodes    *cursor[Node]
	segments *cursor[SegmentRow]
	objects  *cursor[Object] // segments of the mirror
	notes    *cursor[Object] // checkpoints of the mirror

	edge    edge
	trusted bool // the edge was tied to a signed root
	stored  storedEdge
	kept    []ledger.Checkpoint // checkpoints that somebody kept, by size
	ahead   []item              // mirror entries beyond the chunk at hand

	before, middle *chunk // the last two chunks; middle is not judged yet
	newest         ledger.Checkpoint
	head, latest   ledger.Checkpoint            // zero if not valid
	mirrorSize     int64                        // the largest signed state that the mirror holds
	lastRow        SegmentRow                   // the last segment row that was read
	opened         map[string]ledger.Checkpoint // the last few texts, verified; zero if not valid
}

// Verify compares the two copies with each other, with their own signed
// checkpoints and with those that somebody kept. What is wrong is in the
// report; the error is for copies that could not be read, and for an ended ctx.
func Verify(ctx context.Context, options Options, db Copy, mirror Mirror, kept ...[]byte) (Report, error) {
	report := Report{Root: emptyRoot(), Findings: []Finding{}}
	r := &run{
		options: options, db: db, mirror: mirror, report: &report, trusted: true,
		rows: newCursor(db.Entries), nodes: newCursor(db.Hashes), segments: newCursor(db.Segments),
		objects: newCursor(mirror.Segments), notes: newCursor(mirror.Checkpoints),
		opened: map[string]ledger.Checkpoint{},
	}
	defer r.stop()

	r.openKept(kept)
	r.head = r.open(Database, []byte(db.Head.Checkpoint), db.Head.Size, db.Head.Checkpoint == "" && db.Head.Size == 0)
	r.latest = r.open(InMirror, mirror.Latest, 0, mirror.Latest == nil)

	for ctx.Err() == nil && r.step() {
		report.Segments++

		if options.Tell != nil {
			options.Tell(r.edge.size)
		}
	}

	if err := errors.Join(ctx.Err(), r.readError()); err != nil {
		return Report{}, failure.Wrap(failure.Unavailable, "reading the ledger's copies", err)
	}

	r.leftovers()
	r.summary()
	r.ends()
	report.finish()

	return report, nil
}

func (r *run) stop() {
	r.rows.stop()
	r.nodes.stop()
	r.segments.stop()
	r.objects.stop()
	r.notes.stop()
}

func (r *run) readError() error {
	return errors.Join(r.rows.err, r.nodes.err, r.segments.err, r.objects.err, r.notes.err)
}

// openKept reads the checkpoints that somebody kept.
func (r *run) openKept(kept [][]byte) {
	for _, signed := range kept {
		if checkpoint := r.open(Kept, signed, 0, false); checkpoint.Size > 0 {
			r.kept = append(r.kept, checkpoint)
		}
	}

	slices.SortFunc(r.kept, func(a, b ledger.Checkpoint) int { return int(a.Size - b.Size) })
}

// open verifies a checkpoint; a bad one is a finding, an absent one is not.
func (r *run) open(where Where, signed []byte, size int64, absent bool) ledger.Checkpoint {
	if absent {
		return ledger.Checkpoint{}
	}

	checkpoint := r.checkpointOf(signed)
	if checkpoint.Origin == "" {
		r.at(where, CheckpointBad, size, "")
	}

	return checkpoint
}

// at adds a finding about a size.
func (r *run) at(where Where, what What, size int64, text string) {
	r.report.add(Finding{Where: where, What: what, From: size, To: size, Note: text})
}

// span adds a finding about a range of positions.
func (r *run) span(where Where, what What, from, to int64, text string) {
	r.report.add(Finding{Where: where, What: what, From: from, To: to, Note: text})
}

// summary writes the numbers of the report.
func (r *run) summary() {
	r.report.Size, r.report.Unsealed = r.edge.size, r.db.Unsealed
	r.report.Root, r.report.SignedAt = r.newest.Root, r.newest.At

	if r.edge.size == 0 {
		r.report.Root = emptyRoot()
	}

	if r.db.Unsealed > 0 {
		r.report.UnsealedAge = r.options.AsOf.Sub(r.db.OldestUnsealed)

		if limit := r.options.UnsealedLimit; limit > 0 && r.report.UnsealedAge > limit {
			r.at(Database, UnsealedOld, r.edge.size, "entries wait for their seal longer than allowed")
		}
	}
}

// grow takes the decided leaves into the edge, checks the stored hashes and the
// kept checkpoints on the way.
func (r *run) grow(truth leaves, nodes map[int64]tlog.Hash) {
	next := tlog.StoredHashCount(r.edge.size)
	sound := r.trusted

	for _, leaf := range truth {
		r.edge.grow(leaf, func(want tlog.Hash) {
			if got, ok := nodes[next]; sound && (!ok || got != want) {
				level, n := tlog.SplitStoredHashIndex(next)
				r.span(Database, StoredHashWrong, n<<level, (n+1)<<level, levelNote(level))
			}

			next++
		})

		for len(r.kept) > 0 && r.kept[0].Size <= r.edge.size {
			if r.kept[0].Root != r.edge.root() {
				r.at(Both, Forked, r.kept[0].Size, "a kept checkpoint shows another history")
			}

			r.kept = r.kept[1:]
		}
	}
}

func levelNote(level int) string {
	if level == 0 {
		return ""
	}

	return "interior hash"
}
