package credential

import (
	"strings"
	"time"
)

// Hurry lets a Verifier be sure for a shorter time, and ask more often.
func Hurry(v *Verifier, lease, beat time.Duration) { v.pace.lease, v.pace.beat = lease, beat }

// Impatient lets a Verifier wait for the database for a shorter time.
func Impatient(v *Verifier, answer time.Duration) { v.pace.answer = answer }

// LineLength is how many may ask the database or wait to.
const LineLength = lineLength

// InLine tells how many ask the database or wait to at this moment.
func InLine(v *Verifier) int { return len(v.line) }

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

// Until tells when the lease of what is known ends.
func Until(v *Verifier) time.Time {
	v.known.mu.RLock()
	defer v.known.mu.RUnlock()

	return v.known.until
}
