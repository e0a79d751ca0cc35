package audit

import (
	"crypto/sha256"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// edge is the right edge of a growing tree: one hash for each complete subtree,
// the largest first. It is all that is needed to know the root.
type edge struct {
	size  int64
	nodes []tlog.Hash
}

func (e *edge) clone() edge { return edge{size: e.size, nodes: slices.Clone(e.nodes)} }

// grow appends a leaf and tells, in the order of their indexes, the hashes that
// are to be stored for it.
func (e *edge) grow(leaf tlog.Hash, stored func(tlog.Hash)) {
	e.nodes = append(e.nodes, leaf)
	stored(leaf)

	for n := e.size; n&1 == 1; n >>= 1 {
		last := len(e.nodes) - 1
		e.nodes[last-1] = tlog.NodeHash(e.nodes[last-1], e.nodes[last])
		e.nodes = e.nodes[:last]
		stored(e.nodes[last-1])
	}

	e.size++
}

// root is the Merkle root of the tree.
func (e *edge) root() tlog.Hash {
	if len(e.nodes) == 0 {
		return emptyRoot()
	}

	root := e.nodes[len(e.nodes)-1]
	for i := len(e.nodes) - 2; i >= 0; i-- {
		root = tlog.NodeHash(e.nodes[i], root)
	}

	return root
}

// emptyRoot is the root of a tree without leaves (RFC 6962, section 2.1).
func emptyRoot() tlog.Hash { return sha256.Sum256(nil) }

// levels is the number of levels that a tree of 2^63 entries has.
const levels = 64

// storedEdge remembers the newest stored hash of each level, as the database
// has it. Where its root is the signed one, it is as good as our own edge.
type storedEdge struct {
	at   [levels]int64 // 1 + number of the newest hash of the level; 0 if none
	hash [levels]tlog.Hash
}

func (s *storedEdge) see(node Node) {
	level, n := tlog.SplitStoredHashIndex(node.Index)
	s.at[level], s.hash[level] = n+1, node.Hash
}

// of gives the edge of a tree of this size, and whether all of it was seen.
func (s *storedEdge) of(size int64) (edge, bool) {
	out := edge{size: size}

	for level := bits.Len64(uint64(max(size, 0))) - 1; level >= 0; level-- {
		if size>>level&1 == 0 {
			continue
		}

		if s.at[level] != size>>level {
			return edge{}, false
		}

		out.nodes = append(out.nodes, s.hash[level])
	}

	return out, true
}
