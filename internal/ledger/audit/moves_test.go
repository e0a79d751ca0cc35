package audit_test

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/ledgertest"
)

// nodeStart is the first position under a stored hash.
func (*bench) nodeStart(index int) int64 {
	level, n := tlog.SplitStoredHashIndex(int64(index))

	return n << level
}

// editMirror rewrites the segment that holds a position, with a frame that fits.
func editMirror(w *ledgertest.World, position int64, edit func([]ledger.Line, int) []ledger.Line) {
	for _, s := range w.Segments {
		if position < s.From || position >= s.To {
			continue
		}

		name := ledger.SegmentName(s.From, s.To)
		segment, _ := ledger.SalvageSegment(w.Objects[name])
		segment.Lines = edit(segment.Lines, int(position-s.From))
		w.Objects[name] = segment.Encode()

		return
	}
}

func removeRow(w *ledgertest.World, i int64) { w.Rows = slices.Delete(w.Rows, int(i), int(i)+1) }

func removeLine(lines []ledger.Line, i int) []ledger.Line { return slices.Delete(lines, i, i+1) }

// lacks are the names of a missing entry, at an end or not.
func lacks() []audit.What { return []audit.What{audit.Missing, audit.CutHead, audit.CutTail} }

// addMoves deletes, swaps, inserts and duplicates entries, in either copy and in
// both, with positions kept and renumbered.
func addMoves(b *bench) {
	for i := range int64(entries) {
		b.addDeletes(i)
		b.addCopies(i)

		for j := i + 1; j < entries; j++ {
			b.add(audit.Database, i, fmt.Sprintf("database swap %d %d", i, j), func(w *ledgertest.World) { swapRows(w, i, j) },
				audit.Reordered, audit.Changed)
			b.add(audit.Database, j, fmt.Sprintf("database swap %d %d", j, i), func(w *ledgertest.World) { swapRows(w, i, j) },
				audit.Reordered, audit.Changed)
			b.add(audit.InMirror, i, fmt.Sprintf("mirror swap %d %d", i, j), func(w *ledgertest.World) { swapLines(w, i, j) },
				audit.Reordered, audit.Changed)
			b.add(audit.Both, i, fmt.Sprintf("both swap %d %d", i, j), func(w *ledgertest.World) {
				swapRows(w, i, j)
				swapLines(w, i, j)
			}, audit.Reordered, audit.Changed)
		}
	}
}

func (b *bench) addDeletes(i int64) {
	b.add(audit.Database, i, fmt.Sprintf("database delete %d", i), func(w *ledgertest.World) { removeRow(w, i) }, lacks()...)
	b.add(audit.InMirror, i, fmt.Sprintf("mirror delete %d", i),
		func(w *ledgertest.World) { editMirror(w, i, removeLine) }, lacks()...)
	b.add(audit.Both, i, fmt.Sprintf("both delete %d", i), func(w *ledgertest.World) {
		removeRow(w, i)
		editMirror(w, i, removeLine)
	}, lacks()...)
	b.add(audit.Both, i, fmt.Sprintf("both delete %d with its hashes", i), func(w *ledgertest.World) {
		removeRow(w, i)
		editMirror(w, i, removeLine)

		w.Nodes = slices.DeleteFunc(w.Nodes, func(n audit.Node) bool { return n.Index == tlog.StoredHashIndex(0, i) })
	}, lacks()...)
	b.add(audit.Database, i, fmt.Sprintf("database delete %d and renumber", i), func(w *ledgertest.World) {
		removeRow(w, i)

		for k := i; k < entries-1; k++ {
			w.Rows[k].Position--
		}
	}, lacks()...)
}

func (b *bench) addCopies(i int64) {
	stranger := b.fresh.Rows[(i+1)%entries]
	strangeLine := ledger.Line{Position: i, Hash: stranger.Entry.Hash(), Leaf: stranger.Entry.Leaf()}
	insertLine := func(lines []ledger.Line, k int) []ledger.Line { return slices.Insert(lines, k, strangeLine) }
	copyLine := func(lines []ledger.Line, k int) []ledger.Line { return slices.Insert(lines, k, lines[k]) }
	insertRow := func(w *ledgertest.World) {
		w.Rows = append(w.Rows, audit.Row{Position: i, Entry: stranger.Entry, LeafHash: stranger.LeafHash})
	}
	copyRow := func(w *ledgertest.World) { w.Rows = append(w.Rows, w.Rows[i]) }

	b.add(audit.Database, i, fmt.Sprintf("database insert %d", i), insertRow, audit.Inserted)
	b.add(audit.Database, i, fmt.Sprintf("database insert %d and renumber", i), func(w *ledgertest.World) {
		for k := i; k < entries; k++ {
			w.Rows[k].Position++
		}

		insertRow(w)
	}, audit.Inserted)
	b.add(audit.InMirror, i, fmt.Sprintf("mirror insert %d", i),
		func(w *ledgertest.World) { editMirror(w, i, insertLine) }, audit.Inserted)
	b.add(audit.Both, i, fmt.Sprintf("both insert %d", i), func(w *ledgertest.World) {
		insertRow(w)
		editMirror(w, i, insertLine)
	}, audit.Inserted)
	b.add(audit.Database, i, fmt.Sprintf("database duplicate %d", i), copyRow, audit.Duplicated)
	b.add(audit.InMirror, i, fmt.Sprintf("mirror duplicate %d", i),
		func(w *ledgertest.World) { editMirror(w, i, copyLine) }, audit.Duplicated)
	b.add(audit.Both, i, fmt.Sprintf("both duplicate %d", i), func(w *ledgertest.World) {
		copyRow(w)
		editMirror(w, i, copyLine)
	}, audit.Duplicated)
	b.add(audit.Database, i, fmt.Sprintf("database overwrite by neighbour %d", i), func(w *ledgertest.World) {
		w.Rows[i].Entry = w.Rows[(i+1)%entries].Entry
	}, append(lacks(), audit.Duplicated, audit.Changed)...)
	b.add(audit.Database, i, fmt.Sprintf("database replace %d with its hashes", i), func(w *ledgertest.World) {
		w.Rows[i].Entry, w.Rows[i].LeafHash = stranger.Entry, stranger.Entry.Hash()
		w.Nodes[tlog.StoredHashIndex(0, i)].Hash = stranger.Entry.Hash()
	}, audit.Changed)
	b.add(audit.Database, entries+i, fmt.Sprintf("database append %d", i), func(w *ledgertest.World) {
		w.Rows = append(w.Rows, audit.Row{Position: entries + i, Entry: stranger.Entry})
	}, audit.Inserted)
	b.add(audit.Both, i, fmt.Sprintf("both replaced %d, differently", i), func(w *ledgertest.World) {
		w.Rows[i].Entry = stranger.Entry
		other := (i + 25) % entries

		editMirror(w, other, func(lines []ledger.Line, k int) []ledger.Line {
			lines[k].Leaf = stranger.Entry.Leaf()

			return lines
		})
	}, audit.Changed)
	b.cases[len(b.cases)-1].where = audit.Database
	b.cases[len(b.cases)-1].mixed = true
}

func swapRows(w *ledgertest.World, i, j int64) {
	w.Rows[i].Position, w.Rows[j].Position = j, i
}

func swapLines(w *ledgertest.World, i, j int64) {
	leaves := map[int64]ledger.Entry{w.Rows[i].Position: w.Rows[i].Entry, w.Rows[j].Position: w.Rows[j].Entry}
	if w.Rows[i].Position == i {
		leaves[i], leaves[j] = leaves[j], leaves[i]
	}

	for _, position := range []int64{i, j} {
		editMirror(w, position, func(lines []ledger.Line, k int) []ledger.Line {
			lines[k].Leaf, lines[k].Hash = leaves[position].Leaf(), leaves[position].Hash()

			return lines
		})
	}
}

// addEnds cuts either end, in either copy and in both.
func addEnds(b *bench) {
	for n := int64(1); n < entries; n++ {
		head := func(w *ledgertest.World) { w.Rows = w.Rows[n:] }
		tail := func(w *ledgertest.World) { w.Rows = w.Rows[:entries-n] }
		mirrorHead := func(w *ledgertest.World) { dropLines(w, 0, n) }
		mirrorTail := func(w *ledgertest.World) { dropLines(w, entries-n, entries) }

		b.add(audit.Database, 0, fmt.Sprintf("database head cut %d", n), head, audit.CutHead)
		b.add(audit.Database, entries-1, fmt.Sprintf("database tail cut %d", n), tail, audit.CutTail)
		b.add(audit.InMirror, 0, fmt.Sprintf("mirror head cut %d", n), mirrorHead, audit.CutHead)
		b.add(audit.InMirror, entries-1, fmt.Sprintf("mirror tail cut %d", n), mirrorTail, audit.CutTail)
		b.add(audit.Both, 0, fmt.Sprintf("both heads cut %d", n), func(w *ledgertest.World) {
			head(w)
			mirrorHead(w)
		}, audit.CutHead)
		b.add(audit.Both, entries-1, fmt.Sprintf("both tails cut %d", n), func(w *ledgertest.World) {
			tail(w)
			mirrorTail(w)
		}, audit.CutTail)
	}
}

// dropLines removes [from, to) from the mirror: whole segments as objects, parts
// of a segment as lines.
func dropLines(w *ledgertest.World, from, to int64) {
	for _, s := range w.Segments {
		name := ledger.SegmentName(s.From, s.To)

		switch {
		case from <= s.From && s.To <= to:
			delete(w.Objects, name)
		case s.To <= from || to <= s.From:
		default:
			editMirror(w, s.From, func(lines []ledger.Line, _ int) []ledger.Line {
				return slices.DeleteFunc(lines, func(l ledger.Line) bool { return l.Position >= from && l.Position < to })
			})
		}
	}
}

// addHistories replaces whole histories: forks and rewinds.
func addHistories(b *bench) {
	newest := []byte(b.world.Head.Checkpoint)

	for k := range b.world.Segments {
		at := b.world.Segments[k].To

		b.add(audit.InMirror, at-1, fmt.Sprintf("mirror forked at segment %d", k), func(w *ledgertest.World) {
			s := b.world.Segments[k]
			w.Objects[ledger.SegmentName(s.From, s.To)] = b.fresh.Objects[ledger.SegmentName(s.From, s.To)]
		}, audit.Changed)
		b.add(audit.Both, at, fmt.Sprintf("two signed checkpoints of size %d", at), func(w *ledgertest.World) {
			w.Objects[ledger.CheckpointName(at)] = b.fresh.Objects[ledger.CheckpointName(at)]
		}, audit.Forked)

		if k == len(b.world.Segments)-1 {
			continue
		}

		short := ledgertest.NewWorldFrom(b.world, k+1)
		b.add(audit.Database, at, fmt.Sprintf("database rewound to %d", at), func(w *ledgertest.World) {
			objects := w.Objects
			*w = short.Clone()
			w.Objects = objects
		}, audit.Rewound)
		b.add(audit.InMirror, at, fmt.Sprintf("mirror rewound to %d", at), func(w *ledgertest.World) {
			w.Objects = short.Clone().Objects
		}, audit.Rewound)
		b.add(audit.Both, at, fmt.Sprintf("both rewound to %d", at), func(w *ledgertest.World) { *w = short.Clone() }, audit.Rewound)
		b.cases[len(b.cases)-1].kept = newest
	}

	b.add(audit.Both, entries, "both replaced by another signed history", func(w *ledgertest.World) { *w = b.fresh.Clone() },
		audit.Forked)
	b.cases[len(b.cases)-1].kept = newest
	b.addUnsignedForks()
}

// addUnsignedForks rewrites one entry in both copies with every hash that
// follows from it; only the signatures cannot be made.
func (b *bench) addUnsignedForks() {
	for i := range int64(entries) {
		b.add(audit.Both, i, fmt.Sprintf("both rewritten from %d on", i), func(w *ledgertest.World) {
			for k := i; k < entries; k++ {
				w.Rows[k].Entry, w.Rows[k].LeafHash = b.fresh.Rows[k].Entry, b.fresh.Rows[k].LeafHash

				editMirror(w, k, func(lines []ledger.Line, n int) []ledger.Line {
					lines[n].Leaf, lines[n].Hash = b.fresh.Rows[k].Entry.Leaf(), b.fresh.Rows[k].LeafHash

					return lines
				})
			}

			rehash(w)
		}, audit.Forked)
	}
}

// rehash makes stored hashes and segment sums fit the entries.
func rehash(w *ledgertest.World) {
	w.Nodes = w.Nodes[:0:0]

	for _, row := range w.Rows {
		hashes, err := tlog.StoredHashesForRecordHash(row.Position, row.LeafHash, w.Reader())
		if err != nil {
			continue // the case then fails for want of its finding
		}

		for _, hash := range hashes {
			w.Nodes = append(w.Nodes, audit.Node{Index: int64(len(w.Nodes)), Hash: hash})
		}
	}

	for i, s := range w.Segments {
		w.Segments[i].SHA256 = sha256.Sum256(w.Objects[ledger.SegmentName(s.From, s.To)])
	}
}

// addBehind leaves the mirror as each crash of a seal leaves it: not tampering,
// but named; and the same without the staged batch, which is tampering.
func addBehind(b *bench) {
	last := b.world.Segments[len(b.world.Segments)-1]
	before := b.world.Segments[len(b.world.Segments)-2]
	segment, checkpoint := ledger.SegmentName(last.From, last.To), ledger.CheckpointName(last.To)
	staged := ledger.StagingName(last.From, last.To, last.SHA256)

	for step, gone := range [][]string{{segment, checkpoint}, {checkpoint}, {}} {
		crash := func(w *ledgertest.World) {
			w.Objects[staged] = w.Objects[segment]
			w.Objects[ledger.LatestName] = []byte(before.Checkpoint)

			for _, name := range gone {
				delete(w.Objects, name)
			}
		}

		b.add(audit.InMirror, last.From, fmt.Sprintf("crash at step %d", step), crash, audit.MirrorBehind)
		b.add(audit.InMirror, last.From, fmt.Sprintf("step %d without staging", step), func(w *ledgertest.World) {
			crash(w)
			delete(w.Objects, staged)
		}, audit.Rewound)
	}
}
