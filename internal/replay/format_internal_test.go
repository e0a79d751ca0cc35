package replay

import (
	"bytes"
	"strings"
	"testing"

	"filippo.io/age"

	"steward/internal/failure"
)

// what is written by somebody who has not the replay key, or cut, or changed, is refused, wherever it was touched.
func TestOnlyWhatWasWrittenIsRead(t *testing.T) {
	t.Parallel()

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	key, err := ParseKey([]byte(identity.String()))
	if err != nil {
		t.Fatal(err)
	}

	keys := NewKeys()
	for chunk := range 2 {
		if err := keys.Put(t.Context(), "s", chunk, [][]string{{"1", "x"}, {"2", "y"}}); err != nil {
			t.Fatal(err)
		}
	}

	var out bytes.Buffer

	said, err := key.write(t.Context(), &out, Header{Format: Format, Erasure: "era_a", Key: key.Name()}, keys)
	if err != nil || said.keys != 4 {
		t.Fatalf("%+v, %v", said, err)
	}

	text := out.Bytes()

	read, err := key.read(t.Context(), bytes.NewReader(text))
	if err != nil || read.Content != said.content {
		t.Fatalf("%+v, %v", read, err)
	}

	for i := range len(text) - 1 {
		if _, err := key.read(t.Context(), bytes.NewReader(text[:i])); !failure.Is(err, failure.ReplayInvalid) {
			t.Fatalf("cut at %d: %v", i, err)
		}

		changed := bytes.Clone(text)
		changed[i] ^= 1

		if _, err := key.read(t.Context(), bytes.NewReader(changed)); !failure.Is(err, failure.ReplayInvalid) {
			t.Fatalf("byte %d (%q): %v", i, text[i], err)
		}
	}

	lines := strings.SplitAfter(string(text), "\n")
	for name, other := range map[string]string{
		"twice":        string(text) + string(text),
		"other order":  lines[0] + lines[2] + lines[1] + lines[3],
		"without one":  lines[0] + lines[1] + lines[3],
		"a huge chunk": lines[0] + `{"set":"s","chunk":2000000000,"rows":[["1"]]}` + "\n" + lines[3],
	} {
		if _, err := key.read(t.Context(), strings.NewReader(other)); !failure.Is(err, failure.ReplayInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	t.Parallel()

	for _, bad := range []string{"", "x", "AGE-SECRET-KEY-1X"} {
		if _, err := ParseKey([]byte(bad)); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}

	if _, err := ReadKey(t.TempDir()); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}
