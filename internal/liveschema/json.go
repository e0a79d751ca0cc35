package liveschema

import "strings"

const (
	// doubtful is in a JSON text that may hold what jsonb refuses. Most have none, and are looked at once.
	doubtful = `\\u(?:0000|[dD][89a-fA-F])|[0-9][eE][+-]?[0-9]{4}`
	// parts are what a JSON text is made of, so that all of them together are the text: strings, numbers, and what stands between.
	parts = `"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|[^"0-9-]+`
	// pieces are what a string is made of: letters outside of the first plane, of two escapes; other escapes; what stands between.
	pieces = `\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]+`
	// noLetter is a piece that jsonb takes for no letter: zero, and one half without the other.
	noLetter = `^\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})$`
	// notHeld stands for such a piece: a control character, since no identity holds one (erasure.Identities), and one that is there in
	// every encoding of a database.
	notHeld = `\u0001`
)

// JSONB is how SQL reads the column that stands as of in a statement as jsonb. A json column holds what jsonb refuses: the letter
// zero, half of a letter, and a number that is too large or too fine; one such value would end each statement that reads its table. A
// letter that is none stands as U+0001, with which a value equals nobody's, and such a number as null; all else is what it was.
// What jsonb refuses besides, such as a number written with more than 131,072 digits, ends the statement.
func (c Column) JSONB(of string) string {
	if c.Base == "jsonb" {
		return of + "::jsonb"
	}

	text := of + "::text"

	return "case when " + text + " ~ " + pattern(doubtful) + " then " + eachPart(text, parts, "m", held("m.part[1]")) +
		"::jsonb else " + text + "::jsonb end"
}

// held is a token as jsonb holds it.
func held(token string) string {
	return "case when " + token + ` like '"%' then ` + heldString(token) + " when " + token + " ~ '^-?[0-9]+[.0-9]*[eE]' and not " +
		holdsNumber(token) + " then 'null' else " + token + " end"
}

// heldString is a string without letters that are none.
func heldString(token string) string {
	return eachPart(token, pieces, "p", "case when p.part[1] ~ "+pattern(noLetter)+" then "+pattern(notHeld)+" else p.part[1] end")
}

// eachPart is a text of whose parts each stands as something else; as is what the parts are called there.
func eachPart(text, of, as, stands string) string {
	return "(select string_agg(" + stands + ", '' order by " + as + ".at) from regexp_matches(" + text + ", " + pattern(of) +
		", 'g') with ordinality as " + as + " (part, at))"
}

// holdsNumber says that a number with an exponent has a place among those of PostgreSQL: 131,072 digits before the point, 16,383
// behind it (documentation, "Numeric Types"). One with zeros before its first digit may have one too, and is taken for one that has not.
func holdsNumber(token string) string {
	const (
		exponent = `[eE]\+?(-?[0-9]+)$`
		whole    = `^-?([0-9]+)`
		fraction = `\.([0-9]+)`
	)

	part := func(of string) string { return "substring(" + token + " from " + pattern(of) + ")" }
	length := func(of string) string { return "coalesce(length(" + part(of) + "), 0)" }

	return "(length(ltrim(" + part(exponent) + ", '-0')) <= 6 and " + part(exponent) + "::numeric between " + length(fraction) +
		" - 16383 and 131072 - " + length(whole) + ")"
}

// pattern is a literal with backslashes, the same whatever the session makes of those in plain literals.
func pattern(text string) string {
	return "E'" + strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), "'", "''") + "'"
}
