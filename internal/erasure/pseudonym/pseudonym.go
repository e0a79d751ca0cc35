// Package pseudonym turns a value into a name that stands for it: the same value under the same key gives the same
// name, and once the key is destroyed nobody can tell whose it was. It is a keyed hash (HMAC-SHA-256), never an
// encryption, so that there is no way back even with the key but to try values.
package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"steward/internal/datamap"
)

const (
	// bodyBytes are enough for no two values of a database to meet by chance.
	bodyBytes = 12
	// sealBytes tell a name of ours from a value that looks like one, so that no value is hashed twice, and
	// none passes for hashed.
	sealBytes = 4
	// Length is the number of characters of a hash, without what stands around it.
	Length = 2 * (bodyBytes + sealBytes)
)

// Hash is the hash of a value, in hex.
func Hash(key []byte, value string) string {
	body := sum(key, "value", value)[:bodyBytes]

	return hex.EncodeToString(append(body, seal(key, body)...))
}

// Write puts a hash into the text around it, empty for the hash alone.
func Write(around, hash string) string {
	if around == "" {
		return hash
	}

	return strings.Replace(around, datamap.HashMark, hash, 1)
}

// Written says that a text is a hash of this key, in the text around it.
func Written(key []byte, around, text string) bool {
	before, after, _ := strings.Cut(around, datamap.HashMark)

	middle, ok := strings.CutPrefix(text, before)
	if middle, ok = cutSuffix(middle, after, ok); !ok {
		return false
	}

	raw, err := hex.DecodeString(middle)

	return err == nil && len(raw) == bodyBytes+sealBytes && hmac.Equal(raw[bodyBytes:], seal(key, raw[:bodyBytes]))
}

func cutSuffix(text, suffix string, ok bool) (string, bool) {
	if !ok {
		return "", false
	}

	return strings.CutSuffix(text, suffix)
}

func seal(key, body []byte) []byte { return sum(key, "seal", string(body))[:sealBytes] }

// sum keeps the hashes of values apart from those that seal them.
func sum(key []byte, use, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(use + "\x00" + text))

	return mac.Sum(nil)
}
