package strictyaml

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

func (s Shape[T]) describe() []described {
	keys := make([]described, 0, len(s))
	for _, f := range s {
		keys = append(keys, described{key: f.key, form: f.form, doc: f.doc, optional: f.optional, below: f.below})
	}
	return keys
}

// Reference returns the table of every key of a shape in Markdown, made from what Read accepts.
func Reference[T any](shape Shape[T]) string {
	var text strings.Builder
	text.WriteString("| Key | Value | Must stand | Meaning |\n|---|---|---|---|\n")
	describe(&text, "", shape.describe())
	return text.String()
}

func describe(text *strings.Builder, path string, keys []described) {
	for _, key := range keys {
		must, here := "yes", below(path, key.key)
		if key.optional {
			must = "no"
		}
		fmt.Fprintf(text, "| `%s` | %s | %s | %s |\n", here, key.form, must, key.doc)
		switch {
		case strings.HasPrefix(key.form, "a list"):
			here += "[]"
		case strings.HasPrefix(key.form, "sections"):
			here += ".*"
		}
		describe(text, here, key.below)
	}
}
