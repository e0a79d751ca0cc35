package letter

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Language is one in which there are letters, by its ISO 639-1 code.
type Language string

// The languages of the letters.
const (
	English Language = "en"
	French  Language = "fr"
)

// Languages are all of them, in the order of the docs.
func Languages() []Language { return []Language{English, French} }

// Known reports whether there are letters in the language.
func (l Language) Known() bool { return slices.Contains(Languages(), l) }

// For is the language to write in to somebody whose own is tag, a language tag such
// as "fr-CA" or "fr_FR"; English where there are no letters in it.
func For(tag string) Language {
	primary, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(tag)), "_", "-"), "-")
	if language := Language(primary); language.Known() {
		return language
	}

	return English
}

// functions are what a template may call.
func (l Language) functions() map[string]any {
	return map[string]any{"moment": l.moment, "state": l.state, "short": short}
}

// short is a name as it stands in a subject.
func short(name string) string { return shorten(name, maxName) }

// moment writes an instant with its zone, which is UTC: who reads it may be anywhere.
func (l Language) moment(at time.Time) string {
	at = at.UTC()

	if l == French {
		months := []string{
			"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
		}

		return fmt.Sprintf("%d %s %d à %02d h %02d UTC", at.Day(), months[at.Month()-time.January], at.Year(), at.Hour(), at.Minute())
	}

	return at.Format("2 January 2006, 15:04 UTC")
}

// state writes the state of a promise; one without a word of its own stays as it is.
func (l Language) state(word string) string {
	french := map[string]string{"at risk": "menacée", "broken": "rompue", "kept": "tenue"}
	if translated, known := french[word]; l == French && known {
		return translated
	}

	return word
}
