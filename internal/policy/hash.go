package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Canonical returns the policy as sorted lines `path: "value"`, one for each
// value of the file and each ended by a line feed. Comments, spaces, quotes and
// the order of keys do not change it; every value does.
func (p *Policy) Canonical() string {
	return strings.Join(p.canonical, "\n") + "\n"
}

// Hash returns the SHA-256 of Canonical in hexadecimal, which evidence cites to
// say under which policy it was made.
func (p *Policy) Hash() string {
	sum := sha256.Sum256([]byte(p.Canonical()))
	return hex.EncodeToString(sum[:])
}
