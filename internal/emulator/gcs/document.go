package gcs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// document is a decoded JSON object. Resources are kept as documents, so that every attribute a client
// stores comes back even where the emulator gives it no meaning.
type document map[string]any

// answer begins a reply that is not itself a resource.
func answer(kind string) document { return document{"kind": "storage#" + kind} }

// maxDocument bounds a JSON body; the real limit on object metadata is 8 KiB, bucket documents are larger.
const maxDocument = 4 << 20

// readDocument decodes one JSON object. An empty body is an empty document.
func readDocument(r io.Reader) (document, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("reading the request body: %w", err)
	}
	if len(raw) > maxDocument {
		return nil, invalid("The request body is larger than %d bytes.", maxDocument)
	}
	doc := document{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return doc, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&doc); err != nil {
		return nil, refuse(http.StatusBadRequest, "parseError", "The request body is not a JSON object: %v", err)
	}
	return doc, nil
}

// merged returns base with patch applied as the API's PATCH does (RFC 7396): null removes, an object is
// merged member by member, anything else replaces. Neither argument is changed.
func merged(base, patch document) document {
	out := make(document, len(base)+len(patch))
	maps.Copy(out, base)
	for key, value := range patch {
		switch inner := value.(type) {
		case nil:
			delete(out, key)
		case map[string]any:
			old, _ := out[key].(map[string]any) //nolint:errcheck // absent or of another kind
			out[key] = map[string]any(merged(old, inner))
		default:
			out[key] = value
		}
	}
	return out
}

// decodeInto reads a document into a typed view; unknown members are ignored.
func decodeInto(doc document, view any) error {
	raw, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("encoding a document: %w", err)
	}
	if err := json.Unmarshal(raw, view); err != nil {
		return invalid("A member of the resource has the wrong type: %v", err)
	}
	return nil
}

// text returns a string member, or "" when it is absent or not a string.
func (d document) text(key string) string {
	value, _ := d[key].(string) //nolint:errcheck // absent or not a string
	return value
}

// flag returns a boolean member, or false when it is absent or not a boolean.
func (d document) flag(key string) bool {
	value, _ := d[key].(bool) //nolint:errcheck // absent or not a boolean
	return value
}

// int64Text is a 64-bit number that the API writes as a string and also accepts as a number.
type int64Text int64

// UnmarshalJSON accepts 5 and "5".
func (n *int64Text) UnmarshalJSON(raw []byte) error {
	value, err := strconv.ParseInt(string(bytes.Trim(raw, `"`)), 10, 64)
	if err != nil {
		return fmt.Errorf("reading a 64-bit number: %w", err)
	}
	*n = int64Text(value)
	return nil
}
