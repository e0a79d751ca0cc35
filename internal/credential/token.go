// Package credential makes and checks what callers of the API show: keys of the
// app and tokens of staff.
//
// A token is its prefix, a public id, a secret of 256 random bits and a checksum:
//
//	stw_app_   iiiiiiiiiiiiiiiiiiiiiiiiii ssss…ssss ccccccc
//	stw_staff_ 26 characters              52        7
//
// all in lower-case base32, without a separator. The prefix and the checksum let
// secret scanners find a token that leaked, and almost nothing else, as those of
// GitHub's do; docs/api.md has the expression. The database holds the id and the
// SHA-256 of the secret: a secret that is random in all of its bits needs no slow
// hash, since nobody can try 2^256 of them.
package credential

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"steward/internal/access"
)

// The prefixes of tokens.
const (
	// AppPrefix begins each key of the app.
	AppPrefix = "stw_app_"
	// StaffPrefix begins each token of a member of staff.
	StaffPrefix = "stw_staff_"
)

// The prefixes of ids, which are not secret.
const (
	// KeyID begins the id of a key of the app.
	KeyID = "key"
	// TokenID begins the id of a token of staff.
	TokenID = "tok"
)

// The lengths of a token's parts, in characters: 128 bits, 256 bits and 32 bits of
// five each, rounded up.
const (
	idLength     = 26
	secretLength = 52
	sumLength    = 7
	bodyLength   = idLength + secretLength + sumLength
)

// secretBytes is the entropy of a secret.
const secretBytes = 32

// Digest is the SHA-256 of a secret; it is what the database holds.
type Digest [sha256.Size]byte

// Token is a credential in the clear. It is made once, shown once and never kept.
type Token struct {
	// ID is the public id, "key_…" or "tok_…".
	ID string
	// Kind tells an app's key from a token of staff.
	Kind access.Kind
	// Digest is that of the secret.
	Digest Digest

	text string
}

// Make gives a fresh token of a kind.
func Make(kind access.Kind) Token {
	var id [16]byte

	var secret [secretBytes]byte
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(id[:])
	rand.Read(secret[:])

	body := encode(id[:]) + encode(secret[:])
	prefix, name := prefixes(kind)

	return Token{
		ID: name + "_" + body[:idLength], Kind: kind, Digest: sha256.Sum256([]byte(body[idLength:])),
		text: prefix + body + checksum(prefix+body),
	}
}

// Reveal gives the token as it is shown to whom it is for. Nothing else prints it.
func (t Token) Reveal() string { return t.text }

// String implements fmt.Stringer without the secret.
func (t Token) String() string { return t.ID }

// GoString implements fmt.GoStringer without the secret.
func (t Token) GoString() string { return t.ID }

// Parse takes a token apart; false for what cannot be one. A token whose checksum
// is wrong was mistyped or made up: no database need be asked about it. A last
// character may spell the same bits in several ways, of which Make gives one; the
// others have another checksum or another digest.
func Parse(text string) (Token, bool) {
	for _, kind := range []access.Kind{access.App, access.Staff} {
		prefix, name := prefixes(kind)

		body, found := strings.CutPrefix(text, prefix)
		if !found {
			continue
		}

		if len(body) != bodyLength || strings.Trim(body, alphabet) != "" ||
			checksum(prefix+body[:bodyLength-sumLength]) != body[bodyLength-sumLength:] {
			return Token{}, false
		}

		secret := body[idLength : bodyLength-sumLength]

		return Token{
			ID: name + "_" + body[:idLength], Kind: kind, Digest: sha256.Sum256([]byte(secret)), text: text,
		}, true
	}

	return Token{}, false
}

func prefixes(kind access.Kind) (prefix, id string) {
	if kind == access.App {
		return AppPrefix, KeyID
	}

	return StaffPrefix, TokenID
}

// alphabet is that of lower-case base32 (RFC 4648).
const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

// checksum is the CRC-32 (IEEE) of everything before it.
func checksum(text string) string {
	var sum [crc32.Size]byte

	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE([]byte(text)))

	return encode(sum[:])
}

func encode(raw []byte) string {
	return base32.NewEncoding(alphabet).WithPadding(base32.NoPadding).EncodeToString(raw)
}
