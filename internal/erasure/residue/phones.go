package residue

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
)

const (
	// mostDigits is how long a phone number may be to be found as it is written: so many digits and one more fit into 64 bits. Numbers
	// that people are called by have fifteen at most (ITU-T E.164).
	mostDigits = 18
	// between is how many signs may stand between two digits of one number.
	between = 4
	// filterBits is how many numbers the filter tells apart: for ten thousand most others end there.
	filterBits = 18
)

// phones finds phone numbers, held as digits, in whatever way they are written: with spaces, dots, dashes, slashes and brackets between
// the digits, with (0) behind the number of the country, and with + or 00 before them. A number within a longer one is another's.
type phones struct {
	shortest int
	lengths  uint32 // by number of digits: whether one that is looked for has so many
	part     [256]bool
	filter   [1 << filterBits / 64]uint64
	owners   map[uint64][]int // by number: who looks for it
}

// newPhones makes one for numbers of at least the length that Unique asks for; the first has the given owner. It is nil for none.
func newPhones(first int, numbers []string) *phones {
	if len(numbers) == 0 {
		return nil
	}

	p := &phones{shortest: mostDigits, owners: map[uint64][]int{}}

	for _, sign := range []byte("0123456789 .-/()[]\xa0\xaf\xc2\xe2") {
		p.part[sign] = true
	}

	for sign := 0x80; sign <= 0x95; sign++ {
		p.part[sign] = true // the last byte of a dash or a space of typographers
	}

	for i, text := range numbers {
		if without, found := strings.CutPrefix(text, "00"); found && len(without) >= longPhone {
			text = without // as it is found with 00 before it, and with + as well
		}

		number := start
		for _, digit := range []byte(text) {
			number = with(number, digit)
		}

		p.shortest, p.lengths = min(p.shortest, len(text)), p.lengths|1<<len(text)
		p.owners[number] = append(p.owners[number], first+i)
		p.filter[slot(number)/64] |= 1 << (slot(number) % 64)
	}

	return p
}

// start is a number without digits: with it before them, zeros at the beginning count.
const start = uint64(1)

func with(number uint64, digit byte) uint64 { return number*10 + uint64(digit-'0') }

func slot(number uint64) uint64 { return number * 0x9e3779b97f4a7c15 >> (64 - filterBits) }

// find gives the places of all numbers; value is what ownersOf takes. It looks at one byte in as many as the shortest number has
// where no number can be.
func (p *phones) find(text []byte) (hits []hit) {
	if p == nil {
		return nil
	}

	floor := 0

	for at := p.shortest - 1; at < len(text); {
		if !p.part[text[at]] {
			at += p.shortest

			continue
		}

		first, end := at, at+1
		for first > floor && p.part[text[first-1]] {
			first--
		}

		for end < len(text) && p.part[text[end]] {
			end++
		}

		if end-first >= p.shortest {
			hits = p.within(hits, text, first, end)
		}

		floor, at = end, end+p.shortest
	}

	return hits
}

// within looks for numbers between two places, outside of which none begins or ends.
func (p *phones) within(hits []hit, text []byte, first, end int) []hit {
	for at := first; at < end; at++ {
		within := at > 0 && isDigit(text[at-1]) && !percent(text, at-len("%20"))
		if within || !isDigit(text[at]) || !freeBefore(text, at) {
			continue
		}

		hits = p.from(hits, text, walk{at: at, place: at, number: start})

		if international := at + len("00"); bytes.HasPrefix(text[at:], []byte("00")) {
			hits = p.from(hits, text, walk{at: international, place: international, number: start})
		}
	}

	return hits
}

// trunk stands for a zero that is not dialled from abroad.
const trunk = "(0)"

// walk is how far a number is read that begins at a place.
type walk struct {
	at, place, count int
	number           uint64
	skipped          bool // a trunk, of which a number has one
}

// from looks for numbers that go on at a digit, with (0) between two of them or without.
func (p *phones) from(hits []hit, text []byte, of walk) []hit {
	for of.place < len(text) && isDigit(text[of.place]) && of.count < mostDigits {
		of.number, of.count = with(of.number, text[of.place]), of.count+1
		of.place++

		if of.place < len(text) && isDigit(text[of.place]) {
			continue
		}

		if p.sought(of) && freeAfter(text, of.place) {
			hits = append(hits, hit{at: of.at, number: of.number})
		}

		rest := text[of.place:]
		length := signs(rest)

		if bracket := bytes.IndexByte(rest[:length], '('); bracket >= 0 && !of.skipped && bytes.HasPrefix(rest[bracket:], []byte(trunk)) {
			without := of
			without.skipped, without.place = true, of.place+bracket+len(trunk)
			without.place += signs(text[without.place:])
			hits = p.from(hits, text, without)
		}

		of.place += length
	}

	return hits
}

// sought says that somebody looks for what was read.
func (p *phones) sought(of walk) bool {
	return p.lengths>>of.count&1 == 1 && p.filter[slot(of.number)/64]>>(slot(of.number)%64)&1 == 1 && p.owners[of.number] != nil
}

// signs is how long the signs are that may stand between two digits of a number, at the beginning of a text.
func signs(text []byte) (length int) {
	for range between {
		one := sign(text[length:])
		if one == 0 {
			break
		}

		length += one
	}

	return length
}

// sign is the length of one of them, 0 for none.
func sign(text []byte) int {
	const narrow, wide = 2, 3

	switch {
	case len(text) == 0:
		return 0
	case strings.IndexByte(" .-/()[]", text[0]) >= 0:
		return 1
	case bytes.HasPrefix(text, []byte("\u00a0")):
		return narrow
	case bytes.HasPrefix(text, []byte("\u202f")):
		return wide
	case len(text) >= wide && text[0] == 0xe2 && text[1] == 0x80 && 0x80 <= text[2] && text[2] <= 0x95:
		return wide // U+2000 to U+2015: spaces and dashes of all lengths
	case bytes.HasPrefix(text, []byte("\u2212")):
		return wide // the sign of minus
	default:
		return 0
	}
}

// freeBefore says that what begins at a place is no part of a word or of a longer number, such as what is behind a decimal point. A word
// ends with a dot; a dash joins it to a number, as in those of orders. In an address a number is the name (that of a telephone in SIP).
func freeBefore(text []byte, at int) bool {
	switch letter := before(text, at); letter {
	case '@':
		return true
	case '.':
		return !unicode.IsNumber(before(text, at-1))
	case '-', '_':
		return !isWord(before(text, at-1))
	default:
		return !isWord(letter)
	}
}

// freeAfter says the same of what ends at a place.
func freeAfter(text []byte, at int) bool {
	switch letter := after(text, at); letter {
	case '@':
		return true
	case '.', '-', '+', '_':
		return !isWord(after(text, at+1))
	default:
		return !isWord(letter)
	}
}

// ownersOf are who looks for what was found, in order.
func (p *phones) ownersOf(one hit) []int { return slices.Clone(p.owners[one.number]) }
