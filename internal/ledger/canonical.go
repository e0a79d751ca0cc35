package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"steward/internal/failure"
)

// Limits on a body. Evidence is small; what does not fit is hashed instead.
const (
	// MaxBody is the size of a canonical body in bytes.
	MaxBody = 4096
	// maxDepth is how deep values may nest.
	maxDepth = 4
)

// Canonical gives the one JSON text of a body: members sorted by name, no
// white space, integers only. It refuses with failure.LedgerEntryRefused any
// value whose shape is not allowed, so that personal data cannot slip in; the
// error names the member, never the value.
func Canonical(body Body) ([]byte, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, failure.Wrap(failure.LedgerEntryRefused, "marshalling a ledger body", err)
	}

	return canonicalJSON(raw)
}

// canonicalJSON gives the canonical form of a JSON object, or refuses it.
func canonicalJSON(raw []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()

	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return nil, failure.Wrap(failure.LedgerEntryRefused, "reading a ledger body", err)
	}

	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse("reading a ledger body with more than one value")
	}

	if members == nil {
		return nil, refuse("reading a ledger body that is null")
	}

	out, err := appendObject(nil, members, 1)
	if err != nil {
		return nil, err
	}

	if len(out) > MaxBody {
		return nil, refuse("reading a ledger body that is too large")
	}

	return out, nil
}

func appendObject(out []byte, members map[string]any, depth int) ([]byte, error) {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}

	slices.Sort(keys)

	out = append(out, '{')

	for i, key := range keys {
		if !allowedKey(key) {
			return nil, refuse("reading a ledger body's member name")
		}

		if i > 0 {
			out = append(out, ',')
		}

		var err error
		if out, err = appendValue(append(strconv.AppendQuote(out, key), ':'), key, members[key], depth); err != nil {
			return nil, err
		}
	}

	return append(out, '}'), nil
}

func appendValue(out []byte, key string, value any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, refuse("reading ledger body member " + key + ", nested too deep")
	}

	switch v := value.(type) {
	case string:
		if allowedString(v) {
			return strconv.AppendQuote(out, v), nil
		}
	case json.Number:
		if allowedNumber(v.String()) {
			return append(out, v.String()...), nil
		}
	case bool:
		return strconv.AppendBool(out, v), nil
	case map[string]any:
		return appendObject(out, v, depth+1)
	case []any:
		return appendArray(out, key, v, depth+1)
	}

	return nil, refuse("reading ledger body member " + key)
}

func appendArray(out []byte, key string, values []any, depth int) ([]byte, error) {
	out = append(out, '[')

	for i, value := range values {
		if i > 0 {
			out = append(out, ',')
		}

		var err error
		if out, err = appendValue(out, key, value, depth); err != nil {
			return nil, err
		}
	}

	return append(out, ']'), nil
}

func refuse(op string) error { return failure.New(failure.LedgerEntryRefused, op) }
