package archive_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/crypto/ssh"

	"steward/internal/archive"
	"steward/internal/failure"
)

func x25519(t testing.TB) *age.X25519Identity {
	t.Helper()

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	return identity
}

// rsaKey gives an ssh-rsa public key and its private half as PEM.
func rsaKey(t testing.TB, bits int) (public string, private []byte) {
	t.Helper()

	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}

	wrapped, err := ssh.NewPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}

	return string(ssh.MarshalAuthorizedKey(wrapped)),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func pack(t testing.TB, content []byte, keys ...string) []byte {
	t.Helper()

	recipients, err := archive.Recipients(keys)
	if err != nil {
		t.Fatal(err)
	}

	var stored bytes.Buffer

	writer, err := archive.NewWriter(&stored, recipients)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}

	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}

	return stored.Bytes()
}

func unpack(stored []byte, identities []age.Identity) ([]byte, error) {
	reader, err := archive.NewReader(bytes.NewReader(stored), identities)
	if err != nil {
		return nil, err
	}

	content, err := io.ReadAll(reader)

	return content, errors.Join(err, reader.Close())
}

// Either of two recipients opens the archive alone: the drill's identity and
// the offline escrow, one of them an RSA key.
func TestEveryRecipientOpensIt(t *testing.T) {
	t.Parallel()

	drill := x25519(t)
	escrow, private := rsaKey(t, 2048)
	content := bytes.Repeat([]byte("row after row\n"), 50_000)
	stored := pack(t, content, drill.Recipient().String(), escrow)

	escrowIdentity, err := archive.Identities(private)
	if err != nil {
		t.Fatal(err)
	}

	for name, identities := range map[string][]age.Identity{"drill": {drill}, "escrow": escrowIdentity} {
		got, err := unpack(stored, identities)
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, error %v", name, len(got), err)
		}
	}

	if bytes.Contains(stored, []byte("row after")) || len(stored) > len(content)/10 {
		t.Error("it is not encrypted, or not compressed")
	}
}

func TestStrangersDoNotOpenIt(t *testing.T) {
	t.Parallel()

	stored := pack(t, []byte("secret"), x25519(t).Recipient().String())
	if _, err := unpack(stored, []age.Identity{x25519(t)}); !failure.Is(err, failure.DecryptFailed) {
		t.Error(err)
	}
}

// A cut anywhere is found, also at the boundary of an encrypted chunk, and so is
// any flipped bit and anything appended.
func TestDamageIsFound(t *testing.T) {
	t.Parallel()

	identity := x25519(t)
	random := make([]byte, 200_000)

	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}

	stored := pack(t, random, identity.Recipient().String())

	const chunk = 64<<10 + 16

	header := len(stored) % chunk
	for _, cut := range []int{0, 1, 100, header, header + 1, chunk, header + chunk - 1, header + chunk, header + chunk + 1, len(stored) - 1} {
		if _, err := unpack(stored[:cut], []age.Identity{identity}); err == nil {
			t.Errorf("a cut at %d was not found", cut)
		}
	}

	for at := 0; at < len(stored); at += 997 {
		flipped := bytes.Clone(stored)
		flipped[at] ^= 1

		if got, err := unpack(flipped, []age.Identity{identity}); err == nil && !bytes.Equal(got, random) {
			t.Errorf("a flip at %d gave other content", at)
		}
	}

	if _, err := unpack(append(bytes.Clone(stored), 'x'), []age.Identity{identity}); !failure.Is(err, failure.ArchiveInvalid) {
		t.Errorf("something appended: %v", err)
	}
}

// A frame that asks for more memory than ours ever do is refused.
func TestABombIsRefused(t *testing.T) {
	t.Parallel()

	identity := x25519(t)

	var stored bytes.Buffer

	sealed, err := age.Encrypt(&stored, identity.Recipient())
	if err != nil {
		t.Fatal(err)
	}

	packed, err := zstd.NewWriter(sealed, zstd.WithWindowSize(128<<20))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := packed.Write(make([]byte, 200<<20)); err != nil {
		t.Fatal(err)
	}

	if err := errors.Join(packed.Close(), sealed.Close()); err != nil {
		t.Fatal(err)
	}

	if _, err := unpack(stored.Bytes(), []age.Identity{identity}); !failure.Is(err, failure.ArchiveInvalid) {
		t.Error(err)
	}
}

func TestRecipientsRefuse(t *testing.T) {
	t.Parallel()

	weak, _ := rsaKey(t, 1024)

	for name, keys := range map[string][]string{
		"none": nil, "nonsense": {"age1nonsense"}, "short RSA": {weak}, "a broken ssh-rsa line": {"ssh-rsa AAAA"},
	} {
		if _, err := archive.Recipients(keys); !failure.Is(err, failure.PolicyInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIdentitiesRefuseWithoutRepeating(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"AGE-SECRET-KEY-1NONSENSE", "-----BEGIN NONSENSE-----"} {
		_, err := archive.Identities([]byte(text))
		if !failure.Is(err, failure.ConfigInvalid) || strings.Contains(err.Error(), "NONSENSE") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

var errDisk = errors.New("disk full")

// failing accepts some bytes, then fails.
type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errDisk
	}

	return len(p), nil
}

// Wherever the place below fails, the writer says so; an archive that was not
// closed well is never mistaken for a whole one.
func TestAFailingPlaceBelowIsReported(t *testing.T) {
	t.Parallel()

	recipients, err := archive.Recipients([]string{x25519(t).Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}

	random := make([]byte, 300_000)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}

	for left := 0; left < 300_000; left += 10_007 {
		writer, err := archive.NewWriter(&failing{left: left}, recipients)
		if err == nil {
			_, err = writer.Write(random)
		}

		if err == nil {
			err = writer.Close()
		}

		if !errors.Is(err, errDisk) {
			t.Errorf("with room for %d bytes: %v", left, err)
		}
	}
}
