package drill_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"testing"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"steward/internal/archive"
	"steward/internal/backuptest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// page reads docs/backup.md.
func page(t *testing.T) string {
	t.Helper()

	text, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}

// stored puts bytes into the bucket and makes the signed manifest describe them:
// the damage was done before the signature.
func stored(t *testing.T, b *backuptest.Bench, at *manifest.Stored, content []byte) {
	t.Helper()

	made := put(t, b, content)
	*at = manifest.Stored{
		Bucket: made.Bucket, Object: made.Name, Generation: made.Generation, Bytes: made.Size, SHA256: made.SHA256, CRC32C: made.CRC32C,
	}
}

// sealed encrypts as it is, without compressing.
func sealed(t *testing.T, b *backuptest.Bench, content []byte) []byte {
	t.Helper()

	var out bytes.Buffer

	writer, err := age.Encrypt(&out, b.Taker.Recipients...)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}

	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}

	return out.Bytes()
}

// packed compresses with a window of this many bytes.
func packed(t *testing.T, content []byte, window int) []byte {
	t.Helper()

	var out bytes.Buffer

	writer, err := zstd.NewWriter(&out, zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}

	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}

	// What is written in one go gets a window of its own size.
	if err := writer.Flush(); err != nil {
		t.Fatal(err)
	}

	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}

	return out.Bytes()
}

// long gives an archive whose ciphertext has several of age's parts, and where
// the first of them begins.
func long(t *testing.T, b *backuptest.Bench, plain []byte) (sealedBytes []byte, header int) {
	t.Helper()

	noise := make([]byte, 300<<10)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer

	writer, err := archive.NewWriter(&out, b.Taker.Recipients)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := writer.Write(append(plain, noise...)); err != nil {
		t.Fatal(err)
	}

	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}

	at := bytes.Index(out.Bytes(), []byte("\n--- "))
	line := bytes.IndexByte(out.Bytes()[at+1:], '\n')

	const nonce = 16

	return out.Bytes(), at + 1 + line + 1 + nonce
}

// sealedMutations are damages of the encrypted or compressed form, most of them
// under a manifest that vouches for them: what a mistake of our own would leave.
func sealedMutations() []mutation {
	const part = 64<<10 + 16

	changed := func(change func(*testing.T, *backuptest.Bench, []byte) []byte) func(*testing.T, *backuptest.Bench, string) {
		return forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			stored(t, b, &m.Archive, change(t, b, b.Read(t, m.Archive.Object, m.Archive.Generation)))
		})
	}

	return []mutation{
		{"cut where one of age's parts ends", failure.ArchiveInvalid, false, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			whole, header := long(t, b, plaintext(t, b, m.Archive))
			stored(t, b, &m.Archive, whole[:header+2*part])
		})},
		{"parts of the ciphertext exchanged", failure.ArchiveInvalid, false, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			whole, header := long(t, b, plaintext(t, b, m.Archive))
			body := whole[header:]
			swapped := append(bytes.Clone(whole[:header]), body[part:2*part]...)
			stored(t, b, &m.Archive, append(append(swapped, body[:part]...), body[2*part:]...))
		})},
		{"bytes behind age's end", failure.ArchiveInvalid, false, changed(func(_ *testing.T, _ *backuptest.Bench, a []byte) []byte {
			return append(a, "more"...)
		})},
		{"another archive behind age's end", failure.ArchiveInvalid, false, changed(func(_ *testing.T, _ *backuptest.Bench, a []byte) []byte {
			return append(a, a...)
		})},
		{"the recipient's stanza removed", failure.DecryptFailed, true, changed(func(_ *testing.T, _ *backuptest.Bench, a []byte) []byte {
			from, to := bytes.Index(a, []byte("-> X25519")), bytes.Index(a, []byte("--- "))

			return append(bytes.Clone(a[:from]), a[to:]...)
		})},
		{"a byte of age's header flipped", failure.DecryptFailed, true, changed(func(_ *testing.T, _ *backuptest.Bench, a []byte) []byte {
			a[bytes.Index(a, []byte("--- "))+5] ^= 1

			return a
		})},
		{"encrypted by a stranger to our own key", failure.ArchiveInvalid, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			// Everybody can do this; nobody but us can make the manifest say so.
			signed := m.Archive
			genuine(t, b, &m.Archive, plaintext(t, b, m.Archive), b.Taker.Recipients...)
			m.Archive.SHA256, m.Archive.Bytes = signed.SHA256, signed.Bytes
		})},
		{"overwritten in its place", failure.ObjectNotFound, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			content := b.Read(t, m.Archive.Object, m.Archive.Generation)

			_, err := b.Bucket.Put(t.Context(), m.Archive.Object, bytes.NewReader(content), gcs.PutOptions{Replace: m.Archive.Generation})
			if err != nil {
				t.Fatal(err)
			}
		})},
		{"not compressed", failure.ArchiveInvalid, false, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			stored(t, b, &m.Archive, sealed(t, b, plaintext(t, b, m.Archive)))
		})},
		{"a bomb: a window of 256 MiB", failure.ArchiveInvalid, false, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			stored(t, b, &m.Archive, sealed(t, b, packed(t, plaintext(t, b, m.Archive), 256<<20)))
		})},
		{"a bomb: a hundred megabytes of nothing", failure.RestoreFailed, false, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			stored(t, b, &m.Archive, sealed(t, b, packed(t, make([]byte, 100<<20), 8<<20)))
		})},
		{"globals cut where one of age's parts ends", failure.ArchiveInvalid, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			whole, header := long(t, b, plaintext(t, b, m.Globals))
			stored(t, b, &m.Globals, whole[:header+2*part])
		})},
	}
}
