package liveschema

import "strings"

// Quote is an identifier as SQL writes it. It is always quoted, so that no list of
// reserved words is needed.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
