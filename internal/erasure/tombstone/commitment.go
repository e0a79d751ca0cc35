package tombstone

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"steward/internal/failure"
	"steward/internal/store"
)

// saltBytes is the length of a salt, that of the hash.
const saltBytes = sha256.Size

// commitmentFormat begins what is hashed, so that no other hash under the salt can be mistaken for a commitment.
const commitmentFormat = "steward-erasure-commitment/1"

// committed is what a commitment is about. Its JSON has the members in this order, and
// maps in the order of their keys: one subject has one text.
type committed struct {
	Format     string              `json:"format"`
	Kind       string              `json:"kind"`
	Account    string              `json:"account"`
	Identities map[string][]string `json:"identities,omitempty"`
}

// Commitment is HMAC-SHA-256, in hex, of the subject under the salt: the JSON object of
// format, kind, account and identities, each list of these sorted and without repetitions.
func Commitment(salt []byte, subject store.Subject) (string, error) {
	identities := map[string][]string{}

	for kind, values := range subject.Identities {
		sorted := slices.Clone(values)
		slices.Sort(sorted)
		identities[kind] = slices.Compact(sorted)
	}

	text, err := json.Marshal(committed{
		Format: commitmentFormat, Kind: string(subject.Kind), Account: subject.Account, Identities: identities,
	})
	if err != nil {
		return "", failure.Wrap(failure.Internal, "writing what a commitment is about", err)
	}

	mac := hmac.New(sha256.New, salt)
	mac.Write(text)

	return hex.EncodeToString(mac.Sum(nil)), nil
}
