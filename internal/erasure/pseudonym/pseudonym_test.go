package pseudonym_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/erasure/pseudonym"
)

// A value gives the same name each time, another under another key; a name is known as one under its own key alone,
// and nothing else is.
func TestNames(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		key, other := []byte(strings.Repeat("k", 32)), []byte(strings.Repeat("o", 32))
		around := rapid.SampledFrom([]string{"", "erased-{}@example.invalid"}).Draw(t, "around")
		value, another := rapid.String().Draw(t, "value"), rapid.String().Draw(t, "another")
		name := pseudonym.Write(around, pseudonym.Hash(key, value))

		if len(pseudonym.Hash(key, value)) != pseudonym.Length || name != pseudonym.Write(around, pseudonym.Hash(key, value)) {
			t.Fatal("it changes, or is of another length")
		}

		if pseudonym.Hash(key, value) == pseudonym.Hash(other, value) || (value != another) != (pseudonym.Hash(key, value) != pseudonym.Hash(key, another)) {
			t.Fatal("two are one")
		}

		if !pseudonym.Written(key, around, name) || pseudonym.Written(other, around, name) || pseudonym.Written(key, around, value) {
			t.Fatal("it is not known, or too much is")
		}
	})
}

// The name of a value under a key, once and for all: worked out with the openssl program.
func TestTheFormat(t *testing.T) {
	t.Parallel()

	if got := pseudonym.Hash([]byte("key"), "ada@example.com"); got != vector {
		t.Errorf("got %s", got)
	}
}

// printf 'value\\0ada@example.com' | openssl dgst -sha256 -hmac key, the first 12 bytes; then of 'seal\\0' and those, the first 4.
const vector = "29f093658d3618ea218406639f0335cb"
