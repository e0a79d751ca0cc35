package credential_test

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/access"
	"steward/internal/credential"
	"steward/internal/ids"
)

// scanned is the expression that docs/api.md gives to secret scanners.
var scanned = regexp.MustCompile(`\bstw_(app|staff)_[a-z2-7]{85}\b`)

func TestATokenIsParsedBack(t *testing.T) {
	t.Parallel()

	for kind, prefix := range map[access.Kind]string{access.App: credential.KeyID, access.Staff: credential.TokenID} {
		made := credential.Make(kind)

		read, ok := credential.Parse(made.Reveal())
		if !ok || read != made || !ids.Valid(prefix, made.ID) || made.Kind != kind {
			t.Errorf("%s: %v, %v", kind, read, ok)
		}

		if !scanned.MatchString("x " + made.Reveal() + ",") {
			t.Errorf("a scanner does not see %s", made)
		}

		for _, printed := range []string{made.String(), fmt.Sprintf("%+v", made), fmt.Sprintf("%#v", made)} {
			if strings.Contains(printed, "stw_") {
				t.Errorf("printed: %s", printed)
			}
		}

		if credential.Make(kind).Digest == made.Digest {
			t.Error("two tokens have one secret")
		}
	}
}

// The checksum is that of the whole text before it, so that a scanner needs no
// database to tell a token from a look-alike.
func TestChecksum(t *testing.T) {
	t.Parallel()

	text := credential.Make(access.App).Reveal()
	before, sum := text[:len(text)-7], text[len(text)-7:]

	var raw [4]byte

	binary.BigEndian.PutUint32(raw[:], crc32.ChecksumIEEE([]byte(before)))

	if want := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:])); sum != want {
		t.Errorf("%s, want %s", sum, want)
	}
}

// Any change of one character makes it no token.
func TestNoLookAlikeIsParsed(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		text := credential.Make(rapid.SampledFrom([]access.Kind{access.App, access.Staff}).Draw(t, "kind")).Reveal()
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		other := rapid.SampledFrom([]byte("abcdefghijklmnopqrstuvwxyz234567A_ \n\x00=")).Draw(t, "other")

		changed := text[:at] + string(other) + text[at+1:]
		if _, ok := credential.Parse(changed); ok != (changed == text) {
			t.Errorf("%d became %q: %v", at, other, ok)
		}
	})

	good := credential.Make(access.Staff).Reveal()
	for _, text := range []string{"", "stw_", "stw_app_", good + "a", good[:len(good)-1], " " + good, strings.ToUpper(good), strings.Repeat("a", 1<<16)} {
		if _, ok := credential.Parse(text); ok {
			t.Errorf("%.100q was taken", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(credential.Make(access.App).Reveal())
	f.Add("stw_staff_")

	f.Fuzz(func(t *testing.T, text string) {
		token, ok := credential.Parse(text)
		if ok && (token.Reveal() != text || len(text) > 100) || !ok && token != (credential.Token{}) {
			t.Errorf("%q gives %v", text, token)
		}
	})
}
