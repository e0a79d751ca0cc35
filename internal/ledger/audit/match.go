package audit

import (
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/ledger"
)

// item is one entry of one copy: where it stands and what its content hashes to.
type item struct {
	position int64
	hash     tlog.Hash // of the content; zero if the content is unusable
	recorded tlog.Hash // stored beside it
	id       func() ledger.ID
}

// chunk is what lies between two signed states.
type chunk struct {
	from, to int64
	truth    []tlog.Hash // the sealed leaves; zero where nobody knows
	items    map[Where][]item
	places   map[tlog.Hash]int64 // position of each true leaf; made when first needed
}

// place finds where a true leaf belongs.
func (c *chunk) place(hash tlog.Hash) (int64, bool) {
	if c.places == nil {
		c.places = make(map[tlog.Hash]int64, len(c.truth))

		for i, leaf := range c.truth {
			if leaf != (tlog.Hash{}) {
				c.places[leaf] = c.from + int64(i)
			}
		}
	}

	position, ok := c.places[hash]

	return position, ok
}

// idAt gives the id of the entry that belongs at a position, from whichever copy
// still has it.
func (c *chunk) idAt(position int64) ledger.ID {
	for _, where := range []Where{Database, InMirror} {
		for _, it := range c.items[where] {
			if it.hash == c.truth[position-c.from] && it.hash != (tlog.Hash{}) {
				return it.id()
			}
		}
	}

	return ""
}

// window is a chunk between its neighbours: entries that were moved by a few
// positions are found there.
type window struct {
	where  Where
	middle *chunk
	all    []*chunk
	report *Report
}

// match compares one copy of the middle chunk with what was sealed.
func (w window) match() {
	w.recorded()

	if w.perfect() {
		return
	}

	seen, right := w.census()
	claimed := make(map[int64]bool) // positions with an entry of unknown content

	for _, it := range w.middle.items[w.where] {
		if _, known := w.place(it.hash); known {
			w.judgeKnown(it, seen, right)
		} else {
			w.judgeUnknown(it, seen, claimed)
		}
	}

	for i, leaf := range w.middle.truth {
		if position := w.middle.from + int64(i); seen[leaf] == 0 && !claimed[position] {
			w.found(Missing, position, w.middle.idAt(position))
		}
	}
}

// perfect is the fast path: every entry at its place and nothing else.
func (w window) perfect() bool {
	items := w.middle.items[w.where]
	if len(items) != len(w.middle.truth) {
		return false
	}

	for i, it := range items {
		if it.position != w.middle.from+int64(i) || it.hash != w.middle.truth[i] || it.hash == (tlog.Hash{}) {
			return false
		}
	}

	return true
}

// recorded checks the hashes stored beside entries that are right themselves.
func (w window) recorded() {
	for _, it := range w.middle.items[w.where] {
		if w.middle.holds(it) && it.recorded != it.hash {
			w.found(StoredHashWrong, it.position, it.id())
		}
	}
}

// holds reports whether the item stands at its own place.
func (c *chunk) holds(it item) bool {
	return it.position >= c.from && it.position < c.to && c.truth[it.position-c.from] == it.hash
}

// census counts where each content stands in the whole window: anywhere, and at
// its right place.
func (w window) census() (seen, right map[tlog.Hash]int) {
	seen, right = make(map[tlog.Hash]int), make(map[tlog.Hash]int)

	for _, c := range w.all {
		for _, it := range c.items[w.where] {
			seen[it.hash]++

			if place, known := w.place(it.hash); known && place == it.position {
				right[it.hash]++
			}
		}
	}

	delete(seen, tlog.Hash{})

	return seen, right
}

// place finds where a true leaf belongs, in the whole window.
func (w window) place(hash tlog.Hash) (int64, bool) {
	for _, c := range w.all {
		if position, ok := c.place(hash); ok {
			return position, true
		}
	}

	return 0, false
}

// judgeKnown names what is wrong with an entry whose content was sealed.
func (w window) judgeKnown(it item, seen, right map[tlog.Hash]int) {
	place, _ := w.place(it.hash)

	switch {
	case place == it.position:
		right[it.hash]--
		if right[it.hash] > 0 {
			w.found(Duplicated, it.position, it.id())
		}
	case right[it.hash] > 0 || seen[it.hash] > 1:
		w.found(Duplicated, it.position, it.id())
	default:
		// Both places are named: where it stands, and the one it left.
		w.found(Reordered, it.position, it.id())
		w.found(Reordered, place, it.id())
	}
}

// judgeUnknown names what is wrong with an entry whose content was never
// sealed: it stands for the one that belongs there, or was put beside it.
func (w window) judgeUnknown(it item, seen map[tlog.Hash]int, claimed map[int64]bool) {
	inside := it.position >= w.middle.from && it.position < w.middle.to

	if !inside || claimed[it.position] || seen[w.middle.truth[it.position-w.middle.from]] > 0 {
		w.found(Inserted, it.position, it.id())

		return
	}

	claimed[it.position] = true
	w.found(Changed, it.position, w.middle.idAt(it.position))
}

func (w window) found(what What, position int64, id ledger.ID) {
	w.report.add(Finding{Where: w.where, What: what, From: position, To: position + 1, ID: id})
}
