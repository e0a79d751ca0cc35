// Package mailevent reads what providers of mail tell of the mails that they took:
// delivered, bounced, called spam. Each provider has an adapter, a pure function from
// its documented form to an Event. Addresses that a provider repeats are not read.
package mailevent

import (
	"strings"
	"time"

	"steward/internal/ids"
)

// Kind is what became of a mail.
type Kind string

// The kinds of events.
const (
	// Delivered: the recipient's server has it.
	Delivered Kind = "delivered"
	// Bounced: it came back, or it is unknown where it is.
	Bounced Kind = "bounced"
	// Complained: the recipient calls it spam.
	Complained Kind = "complained"
)

// Event is what a provider told of one mail.
type Event struct {
	// Mail is our opaque id of the mail.
	Mail string
	// Kind is what became of it.
	Kind Kind
	// Provider and Reference name the event: told twice, it is one.
	Provider, Reference string
	// Reason is the provider's word for why, such as HardBounce; letters and digits.
	Reason string
	// At is when it happened, by the provider's clock.
	At time.Time
}

// ours reports whether an id is that of a mail of ours: providers tell of every mail of
// an account, and not all of them need be Steward's.
func ours(id string) bool { return ids.Valid("mail", id) }

// plain reports whether a provider's id is one: visible ASCII characters.
func plain(id string) bool {
	const most = 200

	return id != "" && len(id) <= most && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// word keeps a provider's word if it is one: letters and digits, not too long.
func word(text string) string {
	const most = 60

	if len(text) > most {
		return ""
	}

	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return ""
		}
	}

	return text
}
