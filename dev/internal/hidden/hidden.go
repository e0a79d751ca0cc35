// Package hidden finds texts in what was written down, in every form in which they may stand there.
package hidden

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// Search gives a line for each needle that stands in a sink: as it is, in base64
// at any of its three alignments, in hex, or escaped as in a URL or in JSON.
func Search(sinks map[string][]byte, needles []string) []string {
	var hits []string
	for _, needle := range needles {
		for form, text := range Forms(needle) {
			for sink, content := range sinks {
				if bytes.Contains(content, []byte(text)) {
					hits = append(hits, fmt.Sprintf("%q stands in %s, %s", needle, sink, form))
				}
			}
		}
	}
	return hits
}

// Forms writes a text in every way in which it may hide. A form that gives the
// text itself is left out.
func Forms(needle string) map[string]string {
	all := map[string]string{
		"as it is":     needle,
		"in hex":       hex.EncodeToString([]byte(needle)),
		"in a query":   url.QueryEscape(needle),
		"in a path":    url.PathEscape(needle),
		"in upper hex": strings.ToUpper(hex.EncodeToString([]byte(needle))),
	}
	if quoted, err := json.Marshal(needle); err == nil {
		all["in JSON"] = strings.Trim(string(quoted), `"`)
	}
	const group, digit = 3, 4
	for shift := range group {
		// What stands before and behind shifts and mixes the first and last digits.
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, shift), needle...))
		from := (shift*digit + group - 1) / group
		to := len(encoded) - digit
		if to-from > digit {
			all[fmt.Sprintf("in base64, shifted by %d", shift)] = encoded[from:to]
			all[fmt.Sprintf("in URL base64, shifted by %d", shift)] = strings.NewReplacer("+", "-", "/", "_").Replace(encoded[from:to])
		}
	}
	for form, text := range all {
		if form != "as it is" && text == needle {
			delete(all, form)
		}
	}
	return all
}
