package route

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Fingerprint is the hex hash of all that a route says. It is the same as long as neither the map nor the schema changed in
// a way that changes what an erasure does. It fails only if the route cannot be written, which no route is.
func (r Route) Fingerprint() (string, error) {
	text, err := json.Marshal(r) //nolint:musttag // nobody reads it back; the names of the fields are the format
	if err != nil {
		return "", fmt.Errorf("writing the route: %w", err)
	}

	sum := sha256.Sum256(text)

	return hex.EncodeToString(sum[:]), nil
}
