// Package page cuts long lists into pages. A cursor is opaque: it says after which
// item the next page begins, so that a list which grows meanwhile neither repeats nor
// skips what was there, and it belongs to one list.
package page

import (
	"encoding/base64"
	"encoding/json"

	"steward/internal/failure"
	"steward/internal/strictjson"
)

// The sizes of a page, in items.
const (
	// DefaultLimit is that of a caller who says nothing.
	DefaultLimit = 50
	// MaxLimit is the largest: a page of it is read and sent in well under a second.
	MaxLimit = 500
)

// Query are the two parameters of every list; embed it in the input of a handler.
type Query struct {
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"500" doc:"How many items a page has at most."`
	Cursor string `query:"cursor" maxLength:"1024" pattern:"^[A-Za-z0-9_-]*$" doc:"The next_cursor of the page before."`
}

// Next is the end of every list's body; embed it.
type Next struct {
	NextCursor string `json:"next_cursor,omitempty" maxLength:"1024" doc:"Where the next page begins; absent on the last."`
}

// cursor is what an opaque cursor holds.
type cursor struct {
	List string          `json:"l"`
	Key  json.RawMessage `json:"k"`
}

// Encode makes the cursor that stands after the item with this key. The key holds
// what the list is sorted by, ids and times only: a cursor is seen in addresses, so
// no personal data may be in it.
func Encode[K any](list string, key K) (string, error) {
	raw, err := json.Marshal(key)
	if err != nil {
		return "", failure.Wrap(failure.Internal, "making a cursor", err)
	}

	text, err := json.Marshal(cursor{List: list, Key: raw})
	if err != nil {
		return "", failure.Wrap(failure.Internal, "making a cursor", err)
	}

	return base64.RawURLEncoding.EncodeToString(text), nil
}

// Decode reads a cursor of the list. The empty one gives the zero key and false: the
// list begins. It fails with CursorInvalid for what this list did not make.
func Decode[K any](list, text string) (key K, found bool, err error) {
	if text == "" {
		return key, false, nil
	}

	invalid := failure.New(failure.CursorInvalid, "reading the cursor")

	raw, decodeErr := base64.RawURLEncoding.Strict().DecodeString(text)
	if decodeErr != nil {
		return key, false, invalid
	}

	// What a caller made up may hold what a database does not take.
	if strictjson.Check(raw) != nil {
		return key, false, invalid
	}

	var read cursor
	if json.Unmarshal(raw, &read) != nil || read.List != list {
		return key, false, invalid
	}

	if json.Unmarshal(read.Key, &key) != nil {
		return key, false, invalid
	}

	return key, true, nil
}

// Cut takes what a statement gave that asked for one item more than limit, and says
// where the next page begins: after the last item that is shown, if there are more.
func Cut[T, K any](list string, items []T, limit int, key func(T) K) ([]T, Next, error) {
	if len(items) <= limit {
		return items, Next{}, nil
	}

	items = items[:limit]
	next, err := Encode(list, key(items[limit-1]))

	return items, Next{NextCursor: next}, err
}
