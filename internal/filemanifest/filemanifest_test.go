package filemanifest_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/filemanifest"
	"steward/internal/gcs"
	"steward/internal/manifest"
)

// Names that a bucket may have, in its order.
func names() []string {
	return []string{"", "\x01", " ", "\"quoted\"", "a", "a\nb", "a/", "a/b", "ab", strings.Repeat("n", 1024), "é", "\u4e16\u754c", "\U0001f4be"}
}

func entry(name string) filemanifest.Entry {
	return filemanifest.Entry{
		Name: name, Generation: 5, Bytes: 7, CRC32C: 9, SHA256: "aa", Created: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
		Headers: gcs.Headers{ContentType: "text/plain"}, Metadata: map[string]string{"k": strings.Repeat("\x02", 8<<10)},
		Content: filemanifest.Content{ID: "cnt_x", Object: "o", Generation: 3, Bytes: 11, SHA256: "bb"},
	}
}

// What is written is read again, whatever the names are made of.
func TestAListIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()

	identity, err := age.GenerateX25519Identity()
	check(t, err)

	var stored bytes.Buffer

	writer, err := filemanifest.NewWriter(&stored, []age.Recipient{identity.Recipient()})
	check(t, err)

	var want []filemanifest.Entry

	for _, name := range names() {
		check(t, writer.Add(entry(name)))

		want = append(want, entry(name))
	}

	if err := writer.Add(entry("a")); !failure.Is(err, failure.ManifestInvalid) {
		t.Errorf("names that fall: %v", err)
	}

	check(t, writer.Close())

	reader, err := archive.NewReader(&stored, []age.Identity{identity})
	check(t, err)

	var got []filemanifest.Entry

	totals, err := filemanifest.ReadList(reader, func(entry filemanifest.Entry) error {
		got = append(got, entry)

		return nil
	})
	check(t, err)

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	count := int64(len(names()))
	if totals != writer.Totals() || totals != (filemanifest.Totals{Count: count, SourceBytes: 7 * count, StoredBytes: 11 * count}) {
		t.Errorf("%+v", totals)
	}
}

func TestListsThatAreRefused(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"no JSON": "x\n", "a number for a name": `{"name":1}` + "\n", "twice": `{"name":"a"}` + "\n" + `{"name":"a"}` + "\n",
		"falling": `{"name":"b"}` + "\n" + `{"name":"a"}` + "\n", "endless": strings.Repeat("x", 2<<20),
	} {
		_, err := filemanifest.ReadList(strings.NewReader(text), func(filemanifest.Entry) error { return nil })
		if !failure.Is(err, failure.ManifestInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}

	_, err := filemanifest.ReadList(strings.NewReader("{}\n"), func(filemanifest.Entry) error { return io.ErrClosedPipe })
	if err == nil {
		t.Error("an error of its user was lost")
	}
}

// A header is accepted under its own signature and format only, and as the one that
// the catalogue expects.
func TestHeaders(t *testing.T) {
	t.Parallel()

	private, public, err := note.GenerateKey(rand.Reader, "manifest")
	check(t, err)
	signer, err := note.NewSigner(private)
	check(t, err)
	verifier, err := note.NewVerifier(public)
	check(t, err)

	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	header := filemanifest.Header{Format: filemanifest.Format, Backup: "b", Attempt: "a", Files: "f", Day: "d", SnapshotAt: now, Count: 3}

	stored, err := filemanifest.Sign(header, signer)
	check(t, err)

	opened, err := filemanifest.Open(stored, verifier)
	check(t, err)

	if diff := cmp.Diff(header, opened); diff != "" {
		t.Error(diff)
	}

	right := filemanifest.Expected{Backup: "b", Attempt: "a", Files: "f", Day: "d", SHA256: manifest.Hash(stored)}
	check(t, filemanifest.Check(opened, stored, right, now))

	for _, change := range []func(*filemanifest.Expected){
		func(e *filemanifest.Expected) { e.Backup = "x" }, func(e *filemanifest.Expected) { e.Attempt = "x" },
		func(e *filemanifest.Expected) { e.Files = "x" }, func(e *filemanifest.Expected) { e.Day = "x" },
		func(e *filemanifest.Expected) { e.SHA256 = "x" },
	} {
		wrong := right
		change(&wrong)

		if err := filemanifest.Check(opened, stored, wrong, now); !failure.Is(err, failure.ManifestInvalid) {
			t.Errorf("%+v: %v", wrong, err)
		}
	}

	if err := filemanifest.Check(opened, stored, right, now.Add(-1)); !failure.Is(err, failure.ManifestInvalid) {
		t.Error(err)
	}

	// The two formats do not stand for each other, though one key signs both.
	if _, err := manifest.Open(stored, verifier); !failure.Is(err, failure.SignatureInvalid) {
		t.Error(err)
	}

	header.Format = "steward-files/2"
	later, err := filemanifest.Sign(header, signer)
	check(t, err)

	if _, err := filemanifest.Open(later, verifier); !failure.Is(err, failure.ManifestInvalid) {
		t.Error(err)
	}
}

func check(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
