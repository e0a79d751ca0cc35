package route

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"steward/internal/datamap"
)

// Fingerprint is the hex hash of all that a route says. It is the same as long as neither the map nor the schema changed in
// a way that changes what an erasure does, wherever in its file the map says so. It
// fails only if the route cannot be written, which no route is.
func (r Route) Fingerprint() (string, error) {
	text, err := r.Text()
	if err != nil {
		return "", err
	}

	sum := sha256.Sum256([]byte(text))

	return hex.EncodeToString(sum[:]), nil
}

// Text is all that a route says, as JSON for FromText: names only.
func (r Route) Text() (string, error) {
	r.Objects = slices.Clone(r.Objects)
	for i := range r.Objects {
		r.Objects[i].Place = datamap.Place{}
	}

	text, err := json.Marshal(r) //nolint:musttag // the names of the fields are the format
	if err != nil {
		return "", fmt.Errorf("writing the route: %w", err)
	}

	return string(text), nil
}

// FromText reads what Text wrote, without the tables as the schema had them.
func FromText(text string) (r Route, err error) {
	if err := json.Unmarshal([]byte(text), &r); err != nil { //nolint:musttag // as Text writes it
		return Route{}, fmt.Errorf("reading a route: %w", err)
	}

	return r, nil
}
