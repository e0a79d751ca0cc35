package credential

import "strings"

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
