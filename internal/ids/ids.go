// Package ids makes the names that Steward gives to things: opaque random ids,
// workflow ids and object names. None of them says anything about a person.
package ids

import (
	"crypto/rand"
	"encoding/base32"
	"strings"
)

// randomBytes is the entropy of an id: 128 bits are unguessable and never
// collide in practice.
const randomBytes = 16

// New returns a fresh id: the prefix, "_", and 26 characters of lower-case
// base32 that carry 128 random bits. Its prefix names the kind of thing.
func New(prefix string) string {
	var raw [randomBytes]byte
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(raw[:])

	return prefix + "_" + encode(raw[:])
}

// Valid reports whether id has the shape that New gives for the prefix.
func Valid(prefix, id string) bool {
	rest, ok := strings.CutPrefix(id, prefix+"_")
	if !ok {
		return false
	}

	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(rest))

	return err == nil && len(raw) == randomBytes && rest == strings.ToLower(rest)
}

func encode(raw []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw))
}
