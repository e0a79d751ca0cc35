package deparsed

import "strings"

// tokens cuts text into literals, names, operators, brackets and commas. White
// space between them is dropped. Any text can be cut: what has no end reaches to
// the end of the text.
func tokens(text string) []string {
	var found []string

	for at := 0; at < len(text); {
		if isSpace(text[at]) {
			at++

			continue
		}

		size := length(text[at:])
		found = append(found, text[at:at+size])
		at += size
	}

	return found
}

// length is that of the first token of text, which is not empty.
func length(text string) int {
	switch first := text[0]; {
	case first == '\'':
		return quoted(text, false)
	case first == '"':
		return quoted(text, false)
	case first == '$':
		return dollars(text)
	case (first == 'E' || first == 'e') && len(text) > 1 && text[1] == '\'':
		return 1 + quoted(text[1:], true)
	case isDigit(first):
		return run(text, func(b byte) bool { return b == '.' || isWord(b) })
	case isWord(first):
		return run(text, isWord)
	case strings.HasPrefix(text, cast):
		return len(cast)
	case isOperator(first):
		return run(text, isOperator)
	default:
		return 1
	}
}

// quoted is the length of a literal or a quoted name. A doubled quote, and in an
// E” literal a backslash with what follows it, do not end it.
func quoted(text string, escapes bool) int {
	for at := 1; at < len(text); at++ {
		switch {
		case escapes && text[at] == '\\':
			at++
		case text[at] != text[0]:
		case at+1 < len(text) && text[at+1] == text[0]:
			at++
		default:
			return at + 1
		}
	}

	return len(text)
}

// dollars is the length of a literal such as $function$...$function$, or of a
// single dollar sign.
func dollars(text string) int {
	tag := 1 + run(text[1:], isWord)
	if tag >= len(text) || text[tag] != '$' {
		return 1
	}

	mark := text[:tag+1]
	if end := strings.Index(text[len(mark):], mark); end >= 0 {
		return len(mark) + end + len(mark)
	}

	return len(text)
}

// run is the number of bytes at the start of text that belong together.
func run(text string, belongs func(byte) bool) int {
	at := 0
	for at < len(text) && belongs(text[at]) {
		at++
	}

	return at
}

func isSpace(b byte) bool { return strings.IndexByte(" \t\n\r\f", b) >= 0 }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isOperator(b byte) bool { return strings.IndexByte("+-*/<>=~!@#%^&|`?", b) >= 0 }

// isWord reports whether a byte belongs to a name or a number. Every byte of a
// letter beyond ASCII does.
func isWord(b byte) bool {
	const ascii = 0x80

	return b == '_' || isDigit(b) || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= ascii
}
