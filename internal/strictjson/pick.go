package strictjson

import (
	"encoding/json"
	"unicode/utf8"
)

// Pick reads an object that somebody else defines, who does not keep to the rules of
// Check, and gives the members of these names, as an object. Everything else in it may
// be whatever JSON allows: unknown members, nulls, names twice (the last one counts).
// It fails with *Error for what is not UTF-8, no JSON, or no object.
func Pick(data []byte, names []string) ([]byte, error) {
	if !utf8.Valid(data) {
		return nil, refuse("it is not UTF-8")
	}

	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil || all == nil {
		return nil, refuse("it is no object of JSON")
	}

	picked := make(map[string]json.RawMessage, len(names))

	for _, name := range names {
		if value, there := all[name]; there {
			picked[name] = value
		}
	}

	text, err := json.Marshal(picked)
	if err != nil {
		return nil, refuse("it is not JSON")
	}

	return text, nil
}
