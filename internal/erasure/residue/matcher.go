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

// matcher finds many values in one pass over a text, without regard to the case of ASCII letters. It jumps over what
// cannot be the end of a value (Wu and Manber's way), so that its cost hardly grows with their number.
type matcher struct {
	window int              // the length of the shortest value
	jumps  []uint8          // by block: how far the window may move
	ends   map[uint32][]int // by block: the values whose window ends with it
	values [][]byte         // in lower case, each once
	lower  [256]byte        // a byte in lower case
	owners map[string][]int // of a value: who looks for it
}

// newMatcher makes one for values of at least the shortest length; owner numbers them.
func newMatcher(values []string) *matcher {
	m := &matcher{ends: map[uint32][]int{}, owners: map[string][]int{}, jumps: make([]uint8, 1<<tableBits)}

	for i := range m.lower {
		m.lower[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			m.lower[i] += 'a' - 'A'
		}
	}

	for owner, value := range values {
		value = strings.ToLower(value)
		if len(m.owners[value]) == 0 {
			m.values = append(m.values, []byte(value))
		}

		m.owners[value] = append(m.owners[value], owner)
	}

	m.build()

	return m
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

			if end == m.window {
				m.ends[hash] = append(m.ends[hash], number)
			}
		}
	}
}

// hash puts a block into the table.
func (m *matcher) hash(at []byte) uint32 {
	const mix, shift = 2654435761, 32 - tableBits

	return (uint32(m.lower[at[0]])<<16 | uint32(m.lower[at[1]])<<8 | uint32(m.lower[at[2]])) * mix >> shift
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
		for _, number := range m.ends[hash] {
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

	if start > 0 && m.inside(text[start-1]) && m.inside(value[0]) {
		// The letter after a backslash, such as in \t, is no part of a word.
		return start > 1 && text[start-2] == '\\'
	}

	// A dot ends a sentence as well as a name's part.
	return end == len(text) || !m.inside(text[end]) || text[end] == '.' && (end+1 == len(text) || !m.inside(text[end+1]))
}

// inside are the bytes of which addresses, numbers and words are made.
func (m *matcher) inside(b byte) bool {
	b = m.lower[b]

	return 'a' <= b && b <= 'z' || '0' <= b && b <= '9' || strings.IndexByte("._-+%@", b) >= 0 || b >= 0x80
}

// ownersOf are who looks for what was found, in order.
func (m *matcher) ownersOf(one hit) []int { return slices.Clone(m.owners[string(m.values[one.value])]) }
