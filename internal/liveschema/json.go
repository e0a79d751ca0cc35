package liveschema

import "strings"

const (
	// high and low are the halves of a letter outside of the first plane, as JSON escapes it.
	high = `\\u[dD][89abAB][0-9a-fA-F]{2}`
	low  = `\\u[dD][c-fC-F][0-9a-fA-F]{2}`
	// noLetter is what jsonb takes for no letter: zero, and one half without the other. Backslashes before it are pairs, each of
	// which is one of the text.
	noLetter = `(?<!\\)((?:\\\\)*)(?:\\u0000|` + high + `(?!` + low + `)|(?<!` + high + `)` + low + `)`
	// noNumber is a number as a value whose exponent jsonb does not hold.
	noNumber = `([\[:,\s]-?[0-9]+(?:\.[0-9]+)?)[eE][+-]?[0-9]{4,}(?=[\s,\]}]|$)`
	// doubtful is in a text that may have one of them. Most have none, and are looked at once.
	doubtful = `\\u(?:0000|[dD][89a-fA-F])|[0-9][eE][+-]?[0-9]{4}`
)

// JSONB is how SQL reads the column that stands as of in a statement as jsonb. A json column holds what jsonb refuses: the letter
// zero, half of a letter, and a number that is too large; one such value would end each statement that reads its table. They
// stand as another letter, and as another number: nobody is known by them. What jsonb refuses besides, such as a number of more
// digits than 131,072, ends the statement.
func (c Column) JSONB(of string) string {
	if c.Base == "jsonb" {
		return of + "::jsonb"
	}

	text := of + "::text"

	return "case when " + text + " ~ " + pattern(doubtful) + " then regexp_replace(regexp_replace(" + text + ", " + pattern(noLetter) + ", " +
		pattern(`\1\\ufffd`) + ", 'g'), " + pattern(noNumber) + `, ` + pattern(`\1`) + `, 'g')::jsonb else ` + text + "::jsonb end"
}

// pattern is a literal with backslashes, the same whatever the session makes of those in plain literals.
func pattern(text string) string {
	return "E'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", "''") + "'"
}
