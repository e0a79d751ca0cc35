// Package letter writes the mails of Steward: one type for each letter, whose
// fields are all that it can say, and a template in each language, as plain text
// and as HTML. Rendering is pure: the same letter and language give the same text.
package letter

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"
	"unicode"
	"unicode/utf8"

	"steward/internal/failure"
)

//go:embed templates
var files embed.FS

// Letter is one letter with what it says. The types of this package are all there are.
type Letter interface {
	// Name is that of its templates, such as "promise_alert".
	Name() string
	// sample is the letter with made-up values, for previews and tests.
	sample() Letter
}

// Letters are all letters, each with the values of its preview.
func Letters() []Letter {
	return []Letter{PromiseAlert{}.sample(), TaskOverdue{}.sample(), Test{}.sample()}
}

// Find is the preview of the letter with that name; false if there is none.
func Find(name string) (Letter, bool) {
	for _, each := range Letters() {
		if each.Name() == name {
			return each, true
		}
	}

	return nil, false
}

// Rendered is a letter as it is sent. Both bodies say the same.
type Rendered struct {
	// Subject is one line.
	Subject string `json:"subject"`
	// Text is the plain text.
	Text string `json:"text"`
	// HTML is the same as a whole page that loads nothing.
	HTML string `json:"html"`
}

const (
	// subjectMark begins the first line of a text template.
	subjectMark = "Subject: "
	// maxSubject bounds a subject, in bytes: longer ones are cut by what shows them.
	maxSubject = 200
	// maxName bounds a name in a subject, in bytes, so that what the mail is about has
	// room whatever the company's name is.
	maxName = 60
)

// Render writes a letter in a language. A subject that is too long is cut: an alert
// must not be kept back by a name. It fails with LetterInvalid where the language is
// unknown or where a value would break the subject in two lines.
func Render(one Letter, language Language) (Rendered, error) {
	if !language.Known() {
		return Rendered{}, failure.New(failure.LetterInvalid, "writing a letter in a language that has no templates")
	}

	subject, body, err := plain(one, language)
	if err != nil {
		return Rendered{}, failure.Wrap(failure.LetterInvalid, "writing the text of "+one.Name(), err)
	}

	subject = shorten(subject, maxSubject)
	if subject == "" || strings.ContainsFunc(subject, unicode.IsControl) {
		return Rendered{}, failure.New(failure.LetterInvalid, "writing the subject of "+one.Name())
	}

	page, err := hyper(one, language, subject)
	if err != nil {
		return Rendered{}, failure.Wrap(failure.LetterInvalid, "writing the page of "+one.Name(), err)
	}

	return Rendered{Subject: subject, Text: body, HTML: page}, nil
}

// shorten cuts a text to some bytes, between two characters, and shows that it did.
func shorten(long string, most int) string {
	const mark = "\u2026"

	if len(long) <= most {
		return long
	}

	end := most - len(mark)
	for end > 0 && !utf8.RuneStart(long[end]) {
		end--
	}

	return strings.TrimRight(long[:end], " ") + mark
}

// path is where a template lies.
func path(one Letter, language Language, kind string) string {
	return "templates/" + one.Name() + "." + string(language) + "." + kind
}

// plain writes the subject and the text. The first line of the template is that of the
// subject, written by itself: a value with a line break cannot end it early.
func plain(one Letter, language Language) (subject, body string, err error) {
	source, err := files.ReadFile(path(one, language, "txt"))
	if err != nil {
		return "", "", fmt.Errorf("finding the template: %w", err)
	}

	first, rest, _ := strings.Cut(string(source), "\n")

	if subject, err = fill(one, language, strings.TrimPrefix(first, subjectMark)); err != nil {
		return "", "", err
	}

	body, err = fill(one, language, rest)

	return subject, body, err
}

func fill(one Letter, language Language, source string) (string, error) {
	parsed, err := text.New("text").Funcs(text.FuncMap(language.functions())).Option("missingkey=error").Parse(source)
	if err != nil {
		return "", fmt.Errorf("reading the template: %w", err)
	}

	var written strings.Builder
	if err := parsed.Execute(&written, one); err != nil {
		return "", fmt.Errorf("filling the template: %w", err)
	}

	return written.String(), nil
}

// page is what the frame of every HTML letter is filled with.
type page struct {
	Language Language
	Subject  string
	Body     html.HTML
}

// hyper renders the body first and then the frame around it, so that an error never
// leaves half a page.
func hyper(one Letter, language Language, subject string) (string, error) {
	body, err := execute(language, path(one, language, "html"), one)
	if err != nil {
		return "", err
	}

	//nolint:gosec // html/template has just written and escaped it
	return execute(language, "templates/frame.html", page{Language: language, Subject: subject, Body: html.HTML(body)})
}

func execute(language Language, path string, data any) (string, error) {
	source, err := files.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("finding the template: %w", err)
	}

	parsed, err := html.New("page").Funcs(html.FuncMap(language.functions())).Option("missingkey=error").Parse(string(source))
	if err != nil {
		return "", fmt.Errorf("reading the template: %w", err)
	}

	var written bytes.Buffer
	if err := parsed.Execute(&written, data); err != nil {
		return "", fmt.Errorf("filling the template: %w", err)
	}

	return written.String(), nil
}
