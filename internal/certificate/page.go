package certificate

import (
	"bytes"
	"embed"
	"html/template"
	"time"

	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/store"
)

//go:embed page.en.html page.fr.html page.css
var pages embed.FS

// page is what a template shows.
type page struct {
	Certificate

	// Hash is what the signature is over, Note the signature.
	Hash, Note string
	// Style is the style sheet, which is a constant of this package.
	Style template.CSS

	zone  *time.Location
	words words
}

// Page makes the certificate a page to read and print, in its language: one HTML document without scripts and
// without anything that lies elsewhere. The page is a reading of the signed file; the file is
// the evidence. Times are in the certificate's zone. It fails with CertificateRefused if language
// or zone are not known here.
func Page(certificate Certificate, signed Signed) ([]byte, error) {
	zone, err := time.LoadLocation(certificate.Zone)
	if err != nil {
		return nil, failure.New(failure.CertificateRefused, "writing the page of a certificate (its zone is not known here)")
	}

	if !certificate.Language.Known() {
		return nil, failure.New(failure.CertificateRefused, "writing the page of a certificate (its language is not known here)")
	}

	style, err := pages.ReadFile("page.css")
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "reading a page's style", err)
	}

	shown := page{
		Certificate: certificate, Hash: Hash([]byte(signed.Certificate)), Note: signed.Note, zone: zone,
		Style: template.CSS(style), //nolint:gosec // it is embedded
		words: wordsOf(certificate.Language),
	}

	made, err := template.ParseFS(pages, "page."+string(certificate.Language)+".html")
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "reading a page's template", err)
	}

	var out bytes.Buffer

	err = made.Execute(&out, shown)

	return out.Bytes(), failure.Wrap(failure.Internal, "writing the page of a certificate", err)
}

// Final reports whether nothing is open any more.
func (p page) Final() bool { return p.Kind == Final }

// When shows a time in the certificate's zone with its offset, "-" for none.
func (p page) When(at time.Time) string {
	if at.IsZero() {
		return "-"
	}

	return at.In(p.zone).Format("2006-01-02 15:04:05 -07:00")
}

// Says is an outcome in words.
func (p page) Says(kind store.Kind) string {
	text, known := p.words.outcomes[kind]
	if !known {
		text = string(kind)
	}

	return text
}

// Parts are the rows that a place has in the list: all that became of what was there, or the one outcome.
func (p page) Parts(one Store) []store.Part {
	if len(one.Outcome.Parts) > 0 {
		return one.Outcome.Parts
	}

	return []store.Part{{Kind: one.Outcome.Kind, Count: one.Outcome.Count}}
}

// Kept reports whether the part stays, on the basis that it names.
func (p page) Kept(part store.Part) bool { return part.Kind == store.Retained }

// Why is in words why a store is open.
func (p page) Why(one Store) string {
	if text, known := p.words.open[one.Open]; known {
		return text
	}

	if text, known := p.words.codes[failure.Code(one.Open)]; known {
		return text
	}

	return one.Open
}

// Who is the kind of the subject in words.
func (p page) Who() string { return p.words.subjects[p.Subject] }

// wordsOf are the words of a language.
func wordsOf(language letter.Language) words {
	if language == letter.French {
		return french()
	}

	return english()
}
