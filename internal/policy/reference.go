package policy

import (
	"fmt"
	"strings"

	"steward/internal/strictyaml"
)

// Reference returns the tables of every key and every placeholder in Markdown,
// made from what Parse accepts. docs/policy.md ends with it.
func Reference() string {
	var text strings.Builder
	text.WriteString("## Every key\n\n" + strictyaml.Reference(policyShape()))
	text.WriteString("\n## Placeholders\n\n| Placeholder | What to put there |\n|---|---|\n")
	for _, p := range Placeholders() {
		fmt.Fprintf(&text, "| `${%s}` | %s |\n", p.Name, p.Meaning)
	}
	return text.String()
}
