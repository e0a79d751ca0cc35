package account

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"steward/internal/failure"
	"steward/internal/ids"
)

// Prefix begins the ids that Steward gives to accounts whose own key could be
// personal.
const Prefix = "acc"

// MaxKey is the longest key of an account, in bytes: no address or name in use is
// longer, and a row of a batch stays small.
const MaxKey = 254

// Key is the app's name of an account. Its zero value names none.
type Key struct {
	// id is the account's id where the key is one itself, else empty.
	id string
	// foreign is the key as the app wrote it where it may be personal, else empty.
	// It never leaves this package but as a keyed hash.
	foreign string
}

var shapeUUID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// ParseKey reads the app's name of an account: an integer from 0 without leading
// zeros that fits 63 bits, a UUID (in either case), an id that Steward gave, or
// anything else that is printable. It fails with AccountKeyRefused. The error does
// not repeat the key.
func ParseKey(text string) (Key, error) {
	switch {
	case isInteger(text), ids.Valid(Prefix, text):
		return Key{id: text}, nil
	case shapeUUID.MatchString(text):
		return Key{id: strings.ToLower(text)}, nil
	case !printable(text):
		return Key{}, failure.New(failure.AccountKeyRefused, "reading the key of an account")
	default:
		return Key{foreign: text}, nil
	}
}

// isInteger reports whether text is a canonical integer from 0.
func isInteger(text string) bool {
	number, err := strconv.ParseInt(text, 10, 64)

	return err == nil && number >= 0 && strconv.FormatInt(number, 10) == text
}

// printable reports whether text can be somebody's key: nothing that cannot be
// seen, at least one character, not only spaces.
func printable(text string) bool {
	if text == "" || len(text) > MaxKey || !utf8.ValidString(text) || strings.TrimSpace(text) != text {
		return false
	}

	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}

	return true
}

// ID is the account's id where the key is one itself.
func (k Key) ID() (string, bool) { return k.id, k.id != "" }
