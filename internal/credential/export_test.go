package credential

import (
	"strings"
	"time"
)

// Hurry lets a Verifier be sure for a shorter time, and ask more often.
func Hurry(v *Verifier, lease, beat time.Duration) { v.pace = pace{lease: lease, beat: beat} }

// WithSecretOf gives the token of one id with the secret of another.
func WithSecretOf(one, other string) string {
	head := strings.LastIndex(one, "_") + 1 + idLength
	tail := strings.LastIndex(other, "_") + 1 + idLength
	text := one[:head] + other[tail:tail+secretLength]

	return text + checksum(text)
}

// WithPrefix gives a token the prefix of the other kind, and the checksum of that.
func WithPrefix(token, prefix string) string {
	body := token[strings.LastIndex(token, "_")+1:]
	text := prefix + body[:len(body)-sumLength]

	return text + checksum(text)
}

// Asking tells how many tokens ask the database at this moment.
func Asking(v *Verifier) int { return len(v.ask) }
