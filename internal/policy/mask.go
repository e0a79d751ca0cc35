package policy

import (
	"regexp"
	"strings"
)

// maxShown bounds how much of a line or value is ever printed.
const maxShown = 120

// hidden stands where something was left out.
const hidden = "[hidden]"

// secretWords are the beginnings of keys and the marks of values that must not
// stand in a policy at all.
var secretWords = regexp.MustCompile(`(?i)AGE-(SECRET|PLUGIN)|PRIVATE[+ _-]KEY|` +
	`pass(word|wd|phrase)?\s*[:=]|secret|token|api_?key|://[^/\s]*@`)

// longRun matches what is long enough to be a key: no word of a policy is.
var longRun = regexp.MustCompile(`[^\s"',]{33,}`)

// holdsSecret reports whether text looks as if it held a secret.
func holdsSecret(text string) bool { return secretWords.MatchString(text) }

// masked returns text fit for an error: no secret, no key, no control
// character, not too long.
func masked(text string) string {
	if holdsSecret(text) {
		return hidden
	}
	text = longRun.ReplaceAllString(text, hidden)
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return '?'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxShown {
		return string(runes[:maxShown]) + "…"
	}
	return text
}
