package ledger

import "regexp"

// maxCode bounds a code: long enough for an object name with a day and an id,
// too short for prose.
const maxCode = 128

// The shapes a string in a body may have. Everything else is refused: a name
// has a capital or a space, a mail address an "@", an IP address and a phone
// number begin with a digit, a "+" or hold a ":". A lower-case word passes as a
// code, which is why bodies are also a closed set of types.
var (
	shapeHash = regexp.MustCompile(`^[0-9a-f]{64}$`)
	shapeUUID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	shapeTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z)?$`)
	shapeCode = regexp.MustCompile(`^[a-z][a-z0-9]*([._/-][a-z0-9]+)*$`)
	shapeInt  = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,18})$`)
	shapeKey  = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

// allowedString reports whether a string value may stand in a body: an opaque
// id (which has the shape of a code), a code, a hash, a UUID, a date or a UTC
// time.
func allowedString(s string) bool {
	return shapeHash.MatchString(s) || shapeUUID.MatchString(s) || shapeTime.MatchString(s) ||
		len(s) <= maxCode && shapeCode.MatchString(s)
}

// allowedNumber reports whether a JSON number is a canonical integer of at most
// 19 digits; floats have no canonical form.
func allowedNumber(s string) bool { return shapeInt.MatchString(s) }

// allowedKey reports whether a JSON member name is one that a body may use.
func allowedKey(s string) bool { return shapeKey.MatchString(s) }
