package mail

import (
	"bytes"
	"net/mail"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"steward/internal/failure"
)

// Message is one mail to one recipient.
type Message struct {
	// ID is the opaque id that events of a provider name it by.
	ID string
	// MessageID is the value of the Message-ID header, without its brackets. It is
	// the same for every copy of the mail.
	MessageID string
	// From is the sender, To the recipient. ReplyTo may be the zero value.
	From, ReplyTo mail.Address
	// To is the bare address of the recipient.
	To string
	// Subject, Text and HTML are what it says; both bodies say the same.
	Subject, Text, HTML string
	// Date is when it was written.
	Date time.Time
}

// maxAddress is the longest address there is: RFC 5321, section 4.5.3.1.3, without
// the brackets of a path.
const maxAddress = 254

// Address reads a bare address such as ada@example.com. Steward asks no mail server
// for SMTPUTF8, so both parts are ASCII; a host of other letters is written in its
// ASCII form. It fails with LetterInvalid, and does not repeat the address.
func Address(text string) (string, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text || len(text) > maxAddress || !printable(text) {
		return "", failure.New(failure.LetterInvalid, "reading the address of a recipient")
	}

	return text, nil
}

// printable reports whether a text is visible ASCII without spaces and brackets,
// which is also what makes it safe in a line of SMTP.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' })
}

// Domain is the host part of an address that Address accepts.
func Domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// providerHeaders carry the opaque id to a provider, which gives it back in its
// events, and ask it to keep our Message-ID: Postmark's documented names.
const (
	headerMetadata = "X-PM-Metadata-" + MetadataKey
	headerKeepID   = "X-PM-KeepID"
)

// MetadataKey is the name under which a provider's event gives the opaque id back.
const MetadataKey = "steward-mail"

// bytes writes the mail as RFC 5322 wants it.
func (m Message) bytes() ([]byte, error) {
	built := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	built.FromMailAddress(&m.From)
	built.ToMailAddress(&mail.Address{Address: m.To})

	if m.ReplyTo.Address != "" {
		built.ReplyToMailAddress(&m.ReplyTo)
	}

	built.SetMessageIDWithValue(m.MessageID)
	built.SetDateWithValue(m.Date)
	built.Subject(m.Subject)
	// RFC 3834: an answering machine must not answer.
	built.SetGenHeader("Auto-Submitted", "auto-generated")
	built.SetGenHeader(headerMetadata, m.ID)
	built.SetGenHeader(headerKeepID, "true")
	built.SetBodyString(gomail.TypeTextPlain, m.Text)
	built.AddAlternativeString(gomail.TypeTextHTML, m.HTML)

	var written bytes.Buffer
	if _, err := built.WriteTo(&written); err != nil {
		return nil, failure.Wrap(failure.LetterInvalid, "writing a mail", err)
	}

	return written.Bytes(), nil
}
