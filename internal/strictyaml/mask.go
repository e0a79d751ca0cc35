package strictyaml

import (
	"regexp"
	"strings"
)

// maxShown bounds how much of a line or value is ever printed.
const maxShown = 120

// hidden stands where something was left out.
const hidden = "[hidden]"

// Secrets says what must not stand in a file at all, and what is never printed of it.
type Secrets struct {
	// Marks match the beginnings of keys and what gives a secret away.
	Marks *regexp.Regexp
	// LongRun matches what is long enough to be a key: no word of the file is.
	LongRun *regexp.Regexp
}

// Hold reports whether text looks as if it held a secret.
func (s Secrets) Hold(text string) bool { return s.Marks.MatchString(text) }

// Mask returns text fit for an error: no secret, no key, no control
// character, not too long.
func (s Secrets) Mask(text string) string {
	if s.Hold(text) {
		return hidden
	}
	text = s.LongRun.ReplaceAllString(text, hidden)
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
