package residue

import (
	"slices"
	"strings"
)

const (
	// shortest is the length below which a value is not looked for: it would be found everywhere.
	shortest = 6
	// block is how many bytes decide how far the search may jump, and tableBits how many blocks are told apart: for ten
	// thousand values a block that none of them holds is the rule.
	block     = 3
	tableBits = 18
)

// matcher finds many values in one pass over a text, without regard to the case of ASCII letters, and of others where all of a
// value's are in the same. It jumps over what cannot be the end of a value (Wu and Manber's way), so that its cost hardly grows
// with their number.
type matcher struct {
	window int              // the length of the shortest value
	jumps  []uint8          // by block: how far the window may move
	starts map[uint64][]int // by window: the values that begin with it
	values [][]byte         // in lower case, each once
	lower  [256]byte        // a byte in lower case
	owners map[string][]int // of a value: who looks for it
}

// newMatcher makes one for values of at least the shortest length; owner numbers them.
func newMatcher(values []string) *matcher {
	m := &matcher{starts: map[uint64][]int{}, owners: map[string][]int{}, jumps: make([]uint8, 1<<tableBits)}

	for i := range m.lower {
		m.lower[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			m.lower[i] += 'a' - 'A'
		}
	}

	for owner, value := range values {
		for _, written := range m.written(value) {
			if len(m.owners[written]) == 0 {
				m.values = append(m.values, []byte(written))
			}

			m.owners[written] = append(m.owners[written], owner)
		}
	}

	m.build()

	return m
}

// written are the ways in which a value is looked for: its letters outside of ASCII as they are, small, and capital; those of ASCII small,
// as the text is read.
func (m *matcher) written(value string) (ways []string) {
	for _, way := range []string{value, strings.ToLower(value), strings.ToUpper(value)} {
		small := []byte(way)
		for i, letter := range small {
			small[i] = m.lower[letter]
		}

		if !slices.Contains(ways, string(small)) {
			ways = append(ways, string(small))
		}
	}

	return ways
}

func (m *matcher) build() {
	const farthest = 255

	m.window = farthest
	for _, value := range m.values {
		m.window = min(m.window, len(value))
	}

	for i := range m.jumps {
		m.jumps[i] = uint8(max(m.window-block+1, 1)) //nolint:gosec // at most farthest
	}

	for number, value := range m.values {
		for end := block; end <= m.window; end++ {
			hash := m.hash(value[end-block : end])
			m.jumps[hash] = min(m.jumps[hash], uint8(m.window-end)) //nolint:gosec // as above
		}

		begins := m.whole(value[:m.window])
		m.starts[begins] = append(m.starts[begins], number)
	}
}

// hash puts a block into the table.
func (m *matcher) hash(at []byte) uint32 {
	const mix, shift = 2654435761, 32 - tableBits

	return (uint32(m.lower[at[0]])<<16 | uint32(m.lower[at[1]])<<8 | uint32(m.lower[at[2]])) * mix >> shift
}

// whole puts a window into one number (FNV-1a): where many values end their windows alike, such as with @gmail, a block says little.
func (m *matcher) whole(window []byte) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211

	number := uint64(offset)
	for _, letter := range window {
		number = (number ^ uint64(m.lower[letter])) * prime
	}

	return number
}

// hit is what was found at a place of a text: the number of a value, or a phone number.
type hit struct {
	at, value int
	number    uint64
}

// find gives all places where a value stands by itself.
func (m *matcher) find(text []byte) (hits []hit) {
	if len(m.values) == 0 {
		return nil
	}

	for end := m.window; end <= len(text); {
		hash := m.hash(text[end-block : end])
		if jump := m.jumps[hash]; jump > 0 {
			end += int(jump)

			continue
		}

		start := end - m.window
		for _, number := range m.starts[m.whole(text[start:end])] {
			if m.stands(text, start, m.values[number]) {
				hits = append(hits, hit{at: start, value: number})
			}
		}

		end++
	}

	return hits
}

// stands says that a value is at a place, and not a part of a longer one.
func (m *matcher) stands(text []byte, start int, value []byte) bool {
	end := start + len(value)
	if end > len(text) {
		return false
	}

	for i, want := range value {
		if m.lower[text[start+i]] != want {
			return false
		}
	}

	return !joinedBefore(text, start) && !joinedAfter(text, end)
}

// ownersOf are who looks for what was found, in order.
func (m *matcher) ownersOf(one hit) []int { return slices.Clone(m.owners[string(m.values[one.value])]) }
