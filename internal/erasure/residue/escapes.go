package residue

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// undone gives a row with the escapes of JSON undone in the fields that hold JSON: text in it is looked through as JSON means it,
// whatever way it is escaped in. A server that is asked for jsonb would do the same, and refuse what jsonb cannot hold. The
// row has as many fields as before. It is to be used up before the next.
func (r *reader) undone(row []byte) []byte {
	if !r.leaf.json || !bytes.Contains(row, []byte(escape)) {
		return row
	}

	r.plain = r.plain[:0]

	for number, rest, more := 0, row, true; more; number++ {
		var field []byte

		field, rest, more = bytes.Cut(rest, []byte{'\t'})

		if number > 0 {
			r.plain = append(r.plain, '\t')
		}

		if number > 0 && r.leaf.columns[number-1].json {
			r.plain = unescaped(r.plain, field)
		} else {
			r.plain = append(r.plain, field...)
		}
	}

	return r.plain
}

// escape is a backslash of JSON as COPY writes it.
const escape = `\\`

// unescaped appends a field of JSON, as COPY writes it, without escapes of JSON. Spaces, and what is no letter, stand as a
// space, so that no field and no row ends there.
func unescaped(to, field []byte) []byte {
	for {
		before, after, found := bytes.Cut(field, []byte(escape))
		if to = append(to, before...); !found || len(after) == 0 {
			return to
		}

		switch after[0] {
		case 'u':
			to, field = letter(to, after[1:])
		case 'b', 'f', 'n', 'r', 't':
			to, field = append(to, ' '), after[1:]
		case '\\': // of a backslash that COPY writes as two
			to, field = append(to, escape...), bytes.TrimPrefix(after, []byte(escape))
		default:
			to, field = append(to, after[0]), after[1:]
		}
	}
}

// letter appends what the hexadecimal digits at the beginning of a text stand for, and gives what is behind them. Half of a
// letter outside of the first plane is none without the other half.
func letter(to, digits []byte) (all, behind []byte) {
	const low = escape + "u"

	r, behind := unit(digits)

	if utf16.IsSurrogate(r) {
		second, after := unit(bytes.TrimPrefix(behind, []byte(low)))
		r = utf16.DecodeRune(r, second)

		if bytes.HasPrefix(behind, []byte(low)) && r != utf8.RuneError {
			behind = after
		}
	}

	switch {
	case r < ' ':
		return append(to, ' '), behind
	case r == '\\':
		return append(to, escape...), behind
	default:
		return utf8.AppendRune(to, r), behind
	}
}

// unit reads four hexadecimal digits; what are none stand for a letter that is unknown.
func unit(text []byte) (r rune, behind []byte) {
	const digits, hexadecimal, bits = 4, 16, 16

	if len(text) < digits {
		return utf8.RuneError, text
	}

	number, err := strconv.ParseUint(string(text[:digits]), hexadecimal, bits)
	if err != nil {
		return utf8.RuneError, text
	}

	return rune(number), text[digits:]
}
