package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"steward/internal/failure"
)

// Canonical is the text of a plan, and the hex SHA-256 of that text, which people
// approve. The same plan has the same text: its members stand in the order of the type.
func Canonical(p Plan) (text []byte, sha string, err error) {
	text, err = json.Marshal(p)
	if err != nil {
		return nil, "", failure.Wrap(failure.Internal, "writing a plan", err)
	}

	sum := sha256.Sum256(text)

	return text, hex.EncodeToString(sum[:]), nil
}

// Parse reads what Canonical wrote.
func Parse(text []byte) (Plan, error) {
	var read Plan

	err := json.Unmarshal(text, &read)

	return read, failure.Wrap(failure.Internal, "reading a plan", err)
}
