package idempotency

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"

	"steward/internal/failure"
)

// Pepper is a key of the API under which the keys of callers are hashed. A caller may have
// put data into one, such as a mail address, which a plain hash would give away.
type Pepper []byte

// pepperLabel keeps what is derived here apart from whatever else the secret is for.
const pepperLabel = "steward idempotency key v1"

// NewPepper derives a pepper from a secret that the API holds and that stays as it is
// (HKDF-SHA-256); of no secret it is none. With another one than before a repeated request
// is not recognised.
func NewPepper(secret []byte) (Pepper, error) {
	if len(secret) == 0 {
		return nil, nil
	}

	derived, err := hkdf.Key(sha256.New, secret, nil, pepperLabel, sha256.Size)

	return derived, failure.Wrap(failure.Internal, "deriving the key for Idempotency-Keys", err)
}

// keyHashes are how a key may stand in the database. The first is how it is written now;
// rows of before the pepper have the plain hash.
func keyHashes(asked Request) [][]byte {
	plain := sha256.Sum256([]byte(asked.Owner + "\x00" + asked.Operation + "\x00" + asked.Key))
	if len(asked.Pepper) == 0 {
		return [][]byte{plain[:]}
	}

	keyed := hmac.New(sha256.New, asked.Pepper)
	writeParts(keyed.Write, asked.Owner, asked.Operation, asked.Key)

	return [][]byte{keyed.Sum(nil), plain[:]}
}

// lockNumber names the advisory lock of the key, which others see while it is held. Two
// keys of the same number would only wait for each other.
func lockNumber(asked Request) int64 {
	return int64(binary.BigEndian.Uint64(keyHashes(asked)[0])) //nolint:gosec // any 64 bits name a lock
}
