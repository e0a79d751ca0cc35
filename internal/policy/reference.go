package policy

import (
	"fmt"
	"strings"
)

// described is one key for the reference.
type described struct {
	key, form, doc string
	optional       bool
	below          []described
}

func (s shape[T]) describe() []described {
	keys := make([]described, 0, len(s))
	for _, f := range s {
		keys = append(keys, described{key: f.key, form: f.form, doc: f.doc, optional: f.optional, below: f.below})
	}
	return keys
}

// Reference returns the tables of every key and every placeholder in Markdown,
// made from what Parse accepts. docs/policy.md ends with it.
func Reference() string {
	var text strings.Builder
	text.WriteString("## Every key\n\n| Key | Value | Must stand | Meaning |\n|---|---|---|---|\n")
	describe(&text, "", policyShape().describe())
	text.WriteString("\n## Placeholders\n\n| Placeholder | What to put there |\n|---|---|\n")
	for _, p := range Placeholders() {
		fmt.Fprintf(&text, "| `${%s}` | %s |\n", p.Name, p.Meaning)
	}
	return text.String()
}

func describe(text *strings.Builder, path string, keys []described) {
	for _, key := range keys {
		must, here := "yes", below(path, key.key)
		if key.optional {
			must = "no"
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", here, key.form, must, key.doc)
		if strings.HasPrefix(key.form, "a list") {
			here += "[]"
		}
		describe(text, here, key.below)
	}
}
