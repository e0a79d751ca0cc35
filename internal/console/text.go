package console

import (
	"strings"
	"time"
	"unicode"
)

// when is how times stand in tables.
const when = "2006-01-02 15:04:05 -07:00"

// When shows a time in the reader's zone with its offset, "-" for none.
func (c *Console) When(t time.Time) string {
	if t.IsZero() {
		return "-"
	}

	return t.In(c.Zone).Format(when)
}

// Plain takes control characters out of a text but its line ends, so that
// nothing that was stored somewhere can steer the reader's terminal.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}

		return r
	}, text)
}

// OneLine is Plain with line ends as spaces.
func OneLine(text string) string { return strings.ReplaceAll(Plain(text), "\n", " ") }

// OrDash shows an empty text as "-".
func OrDash(text string) string {
	if text == "" {
		return "-"
	}

	return text
}
