package letter_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"steward/internal/failure"
	"steward/internal/letter"
)

// TestEveryLetterSaysTheSameInEveryForm renders each letter in each language: every
// value of it stands in the text and in the page.
func TestEveryLetterSaysTheSameInEveryForm(t *testing.T) {
	t.Parallel()

	for _, one := range letter.Letters() {
		for _, language := range letter.Languages() {
			got, err := letter.Render(one, language)
			if err != nil {
				t.Errorf("%s in %s: %v", one.Name(), language, err)

				continue
			}

			checkPage(t, one.Name(), language, got)

			for _, value := range values(one) {
				if !strings.Contains(got.Subject+got.Text, value) || !strings.Contains(got.Subject+got.HTML, value) {
					t.Errorf("%s in %s leaves out %q:\n%s\n%s", one.Name(), language, value, got.Text, got.HTML)
				}
			}
		}
	}
}

// values are the texts of a letter that no language changes.
func values(one letter.Letter) []string {
	var found []string

	fields := reflect.ValueOf(one)
	for i := range fields.NumField() {
		if text, ok := reflect.TypeAssert[string](fields.Field(i)); ok && fields.Type().Field(i).Name != "State" {
			found = append(found, text)
		}
	}

	return append(found, "2026")
}

func checkPage(t *testing.T, name string, language letter.Language, got letter.Rendered) {
	t.Helper()

	if got.Subject == "" || strings.TrimSpace(got.Text) == "" || strings.Contains(got.Text, "<no value>") {
		t.Errorf("%s in %s: %+v", name, language, got)
	}

	if !strings.Contains(got.HTML, `lang="`+string(language)+`"`) || !strings.HasSuffix(strings.TrimSpace(got.HTML), "</html>") {
		t.Errorf("%s in %s is no page: %s", name, language, got.HTML)
	}

	for _, outside := range []string{"http://", "https://", "src=", "<script", "<link", "url("} {
		if strings.Contains(got.HTML, outside) {
			t.Errorf("%s in %s loads something: %s", name, language, outside)
		}
	}
}

func TestValuesAreEscapedAndStayInTheirLine(t *testing.T) {
	t.Parallel()

	got, err := letter.Render(letter.Test{Company: "<b>A&B</b>", At: time.Unix(0, 0)}, letter.English)
	if err != nil || strings.Contains(got.HTML, "<b>") || !strings.Contains(got.Text, "<b>A&B</b>") {
		t.Errorf("%+v, %v", got, err)
	}

	for _, company := range []string{"A\nBcc: eve@example.com", "A\r\nX: y", "A\x00"} {
		if _, err := letter.Render(letter.Test{Company: company}, letter.English); !failure.Is(err, failure.LetterInvalid) {
			t.Errorf("%.20q stands in a subject: %v", company, err)
		}
	}

	if _, err := letter.Render(letter.Test{}, "de"); !failure.Is(err, failure.LetterInvalid) {
		t.Error(err)
	}
}

// TestALongNameKeepsNoLetterBack: with a company's name as long as the policy allows,
// and items as long as there are, each letter is written, in each language, and its
// subject still says what it is about.
func TestALongNameKeepsNoLetterBack(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 9, 30, 23, 59, 0, 0, time.UTC)
	item := "backups/" + strings.Repeat("a", 40)

	for _, name := range []string{strings.Repeat("a", 200), strings.Repeat("é", 100), strings.Repeat("\u20ac", 66)} {
		for _, one := range []letter.Letter{
			letter.PromiseAlert{Company: name, Promise: item, State: "at risk", Since: at},
			letter.TaskOverdue{Company: name, Kind: item, Role: "support", Due: at},
			letter.Test{Company: name, At: at},
		} {
			for _, language := range letter.Languages() {
				got, err := letter.Render(one, language)
				if err != nil || len(got.Subject) > 200 || !utf8.ValidString(got.Subject) || !strings.Contains(got.Subject, "\u2026] ") {
					t.Errorf("%s in %s: %q, %v", one.Name(), language, got.Subject, err)
				}

				if one.Name() != "test" && !strings.Contains(got.Subject, item) {
					t.Errorf("%s in %s does not say what it is about: %q", one.Name(), language, got.Subject)
				}
			}
		}
	}

	got, err := letter.Render(letter.TaskOverdue{Company: "A", Kind: strings.Repeat("é", 300)}, letter.English)
	if err != nil || len(got.Subject) > 200 || !utf8.ValidString(got.Subject) {
		t.Errorf("%q, %v", got.Subject, err)
	}
}

func TestFor(t *testing.T) {
	t.Parallel()

	for tag, want := range map[string]letter.Language{
		"fr": letter.French, "fr-CA": letter.French, "FR_fr": letter.French, " fr ": letter.French, //nolint:gocritic // the spaces are meant
		"en": letter.English, "en-GB": letter.English, "de": letter.English, "": letter.English, "fra": letter.English, "x-fr": letter.English,
	} {
		if got := letter.For(tag); got != want {
			t.Errorf("%q: %s", tag, got)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()

	for _, one := range letter.Letters() {
		if found, ok := letter.Find(one.Name()); !ok || found != one {
			t.Errorf("%s: %+v", one.Name(), found)
		}
	}

	if _, ok := letter.Find("nothing"); ok {
		t.Error("a letter that there is not was found")
	}
}

func ExampleRender() {
	rendered, err := letter.Render(letter.Test{Company: "Popkit", At: time.Date(2026, 2, 3, 4, 5, 0, 0, time.UTC)}, letter.French)
	fmt.Println(rendered.Subject, err)
	fmt.Print(rendered.Text)
	// Output:
	// [Popkit] Un essai de courrier <nil>
	// Ce message montre que les lettres de Popkit arrivent. Il a été demandé le 3 février 2026 à 04 h 05 UTC.
	//
	// Il n'y a rien à faire.
}
