package audit

import (
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// The sources of leaf hashes for a chunk, in the order in which they are tried.
const (
	fromRows     = iota // computed from the database's entries
	fromLines           // computed from the mirror's entries
	fromNodes           // the database's stored hashes of level 0
	fromColumn          // stored beside the database's entries
	fromRecorded        // stored beside the mirror's entries
	sources
)

// leaves is one source's idea of the leaves of a chunk; zero where it has none.
type leaves []tlog.Hash

// gather collects the idea of each source. A position that one source claims
// twice counts as the first.
func gather(c *chunk, nodes map[int64]tlog.Hash) [sources]leaves {
	var out [sources]leaves
	for i := range out {
		out[i] = make(leaves, c.to-c.from)
	}

	put := func(source int, position int64, hash tlog.Hash) {
		if position >= c.from && position < c.to && out[source][position-c.from] == (tlog.Hash{}) {
			out[source][position-c.from] = hash
		}
	}

	for _, it := range c.items[Database] {
		put(fromRows, it.position, it.hash)
		put(fromColumn, it.position, it.recorded)
	}

	for _, it := range c.items[InMirror] {
		put(fromLines, it.position, it.hash)
		put(fromRecorded, it.position, it.recorded)
	}

	for position := c.from; position < c.to; position++ {
		put(fromNodes, position, nodes[tlog.StoredHashIndex(0, position)])
	}

	return out
}

// vote takes for each position the hash that most sources agree on, the earlier
// source where they are even.
func vote(from [sources]leaves) leaves {
	out := make(leaves, len(from[fromRows]))

	for i := range out {
		best := 0

		for _, source := range from {
			count := 0

			for _, other := range from {
				if other[i] == source[i] {
					count++
				}
			}

			if source[i] != (tlog.Hash{}) && count > best {
				out[i], best = source[i], count
			}
		}
	}

	return out
}

// complete reports whether every position has a hash.
func (l leaves) complete() bool {
	return !slices.Contains(l, tlog.Hash{})
}

// leadsTo reports whether the tree at the edge, grown by these leaves, has this
// root.
func (l leaves) leadsTo(root tlog.Hash, at edge) bool {
	if !l.complete() {
		return false
	}

	grown := at.clone()
	for _, hash := range l {
		grown.grow(hash, func(tlog.Hash) {})
	}

	return grown.root() == root
}

// decide gives the leaves that lead from the trusted edge to a signed root, and
// true; else the best guess, and false.
func decide(at edge, roots []tlog.Hash, from [sources]leaves) (leaves, bool) {
	guess := vote(from)

	for _, root := range roots {
		for _, source := range append(from[:], guess) {
			if source.leadsTo(root, at) {
				return source, true
			}
		}
	}

	return guess, false
}
