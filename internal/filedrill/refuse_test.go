package filedrill_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/archive"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/filestest"
	"steward/internal/gcs"
	"steward/internal/manifest"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const day = 24 * time.Hour

// scene is a taken backup that somebody is about to damage.
type scene struct {
	*filestest.Bench

	t *testing.T

	row    filecatalogue.Backup
	header filemanifest.Header
	// contents are the stored contents, in the order of their sizes.
	contents []filecatalogue.Content
}

func newScene(t *testing.T) *scene {
	t.Helper()

	b := filestest.New(t)
	b.Write(t, "a", strings.Repeat("first ", 30_000))
	b.Write(t, "b", strings.Repeat("second ", 30_000))
	s := &scene{Bench: b, t: t, row: b.Take(t)}
	s.header = b.Header(t, s.row)

	found, err := filecatalogue.NamedAt(t.Context(), b.Steward, "uploads", s.row.SnapshotAt, "", 10)
	if err != nil || len(found) != 2 {
		t.Fatal(found, err)
	}

	s.contents = found

	return s
}

// sealed encrypts as the taker would, to its recipients.
func (s *scene) sealed(t *testing.T, content []byte, to ...age.Recipient) []byte {
	t.Helper()

	if len(to) == 0 {
		to = s.Taker.Recipients
	}

	var sealed bytes.Buffer

	writer, err := archive.NewWriter(&sealed, to)
	check(t, err)
	_, err = writer.Write(content)
	check(t, err)
	check(t, writer.Close())

	return sealed.Bytes()
}

// resigned stores another header and lets the catalogue believe it: what whoever
// holds the signing key and the database could do.
func (s *scene) resigned(t *testing.T, signer note.Signer, change func(*filemanifest.Header)) {
	t.Helper()

	header := s.header
	change(&header)

	signed, err := filemanifest.Sign(header, signer)
	check(t, err)
	s.pin(t, signed)
}

func (s *scene) pin(t *testing.T, stored []byte) {
	t.Helper()

	generation := s.Replace(t, s.row.ManifestObject, stored)
	s.Exec(t, `update file_backups set manifest_gen = $1, manifest_sha256 = $2`, generation, manifest.Hash(stored))
}

// relisted stores another list under a genuine signature.
func (s *scene) relisted(t *testing.T, change func([]filemanifest.Entry) []filemanifest.Entry) {
	t.Helper()

	var sealed bytes.Buffer

	writer, err := filemanifest.NewWriter(&sealed, s.Taker.Recipients)
	check(t, err)

	for _, entry := range change(s.entries(t)) {
		check(t, writer.Add(entry))
	}

	check(t, writer.Close())
	s.rewritten(t, sealed.Bytes(), writer.Totals())
}

func (s *scene) rewritten(t *testing.T, list []byte, totals filemanifest.Totals) {
	t.Helper()

	name := s.header.List.Object
	generation := s.Replace(t, name, list)

	s.resigned(t, s.Signer, func(h *filemanifest.Header) {
		h.List = manifest.Stored{
			Bucket: h.List.Bucket, Object: name, Generation: generation, Bytes: int64(len(list)), SHA256: manifest.Hash(list),
		}
		h.Count, h.SourceBytes, h.StoredBytes = totals.Count, totals.SourceBytes, totals.StoredBytes
	})
}

func (s *scene) entries(t *testing.T) (entries []filemanifest.Entry) {
	t.Helper()

	reader, err := archive.NewReader(bytes.NewReader(s.Read(t, s.header.List.Object, s.header.List.Generation)), s.Driller.Identities)
	check(t, err)

	_, err = filemanifest.ReadList(reader, func(entry filemanifest.Entry) error {
		entries = append(entries, entry)

		return nil
	})
	check(t, err)

	return entries
}

// believed puts other bytes under a content's name and lets the catalogue believe
// their generation, so that their hash alone speaks against them.
func (s *scene) believed(t *testing.T, content filecatalogue.Content, forged []byte) {
	t.Helper()

	generation := s.Replace(t, content.Object, forged)
	s.Exec(t, `alter table file_contents disable trigger file_contents_step`)
	s.Exec(t, `update file_contents set generation = $2 where id = $1`, content.ID, generation)
	s.Exec(t, `alter table file_contents enable trigger file_contents_step`)
	s.relisted(t, func(entries []filemanifest.Entry) []filemanifest.Entry {
		for i := range entries {
			if entries[i].Content.ID == content.ID {
				entries[i].Content.Generation = generation
			}
		}

		return entries
	})
}

// pinned does the same and pins size and hash too: only the content itself, in the
// clear, speaks against it.
func (s *scene) pinned(t *testing.T, content filecatalogue.Content, forged []byte) {
	t.Helper()

	s.Exec(t, `alter table file_contents disable trigger file_contents_step`)
	s.Exec(t, `update file_contents set bytes = $2, sha256 = $3 where id = $1`, content.ID, len(forged), manifest.Hash(forged))
	s.Exec(t, `alter table file_contents enable trigger file_contents_step`)

	generation := s.Replace(t, content.Object, forged)
	s.Exec(t, `alter table file_contents disable trigger file_contents_step`)
	s.Exec(t, `update file_contents set generation = $2 where id = $1`, content.ID, generation)
	s.Exec(t, `alter table file_contents enable trigger file_contents_step`)
	s.relisted(t, func(entries []filemanifest.Entry) []filemanifest.Entry {
		for i := range entries {
			if entries[i].Content.ID == content.ID {
				entries[i].Content.Generation, entries[i].Content.Bytes = generation, int64(len(forged))
				entries[i].Content.SHA256 = manifest.Hash(forged)
			}
		}

		return entries
	})
}

// mutilations are the ways in which somebody may damage a backup of files, each
// with the code and the words by which the drill refuses it.
func mutilations() map[string]mutilation {
	all := map[string]mutilation{}

	for _, some := range []map[string]mutilation{headers(), lists(), contents()} {
		maps.Copy(all, some)
	}

	return all
}

type mutilation struct {
	do    func(s *scene)
	code  failure.Code
	words string
}

func headers() map[string]mutilation {
	return map[string]mutilation{
		"header of another key": {func(s *scene) {
			private, _, err := note.GenerateKey(rand.Reader, "manifest")
			check(s.t, err)
			signer, err := note.NewSigner(private)
			check(s.t, err)
			s.resigned(s.t, signer, func(*filemanifest.Header) {})
		}, failure.SignatureInvalid, "another key"},
		"header changed by one byte": {func(s *scene) {
			stored := s.Read(s.t, s.row.ManifestObject, s.row.ManifestGen)
			s.pin(s.t, bytes.Replace(stored, []byte(`"count":2`), []byte(`"count":1`), 1))
		}, failure.SignatureInvalid, "other content"},
		"header cut": {func(s *scene) {
			stored := s.Read(s.t, s.row.ManifestObject, s.row.ManifestGen)
			s.pin(s.t, stored[:bytes.IndexByte(stored, '\n')])
		}, failure.ManifestInvalid, "signature is missing"},
		"header not the catalogue's": {func(s *scene) {
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.Policy = "other" })
			s.Exec(s.t, `update file_backups set manifest_sha256 = $1`, strings.Repeat("0", 64))
		}, failure.ManifestInvalid, "not the one in the catalogue"},
		"header of a database's format": {func(s *scene) {
			signed, err := manifest.Sign(manifest.Manifest{Format: manifest.Format, Backup: s.row.ID}, s.Signer)
			check(s.t, err)
			s.pin(s.t, signed)
		}, failure.SignatureInvalid, "other content"},
		"header of another day": {func(s *scene) {
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.Day = "2026-11-21" })
		}, failure.ManifestInvalid, "another day"},
		"header of another set": {func(s *scene) {
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.Files = "exports" })
		}, failure.ManifestInvalid, "another set"},
		"header of the future": {func(s *scene) {
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.SnapshotAt = h.SnapshotAt.Add(time.Hour) })
		}, failure.ManifestInvalid, "future"},
		"header deleted":  {func(s *scene) { check(s.t, s.Bucket.Remove(s.t.Context(), s.row.ManifestObject)) }, failure.ObjectNotFound, "manifest"},
		"header replaced": {func(s *scene) { s.Replace(s.t, s.row.ManifestObject, []byte("x")) }, failure.ObjectNotFound, "manifest"},
	}
}

func lists() map[string]mutilation {
	return map[string]mutilation{
		"list deleted": {func(s *scene) { check(s.t, s.Bucket.Remove(s.t.Context(), s.header.List.Object)) }, failure.ObjectNotFound, "list"},
		"list in another bucket": {func(s *scene) {
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.List.Bucket = "evil" })
		}, failure.ManifestInvalid, "another bucket"},
		"list of other bytes": {func(s *scene) {
			generation := s.Replace(s.t, s.header.List.Object, s.sealed(s.t, nil))
			s.resigned(s.t, s.Signer, func(h *filemanifest.Header) { h.List.Generation = generation })
		}, failure.ArchiveInvalid, "size or hash"},
		"list to another key": {func(s *scene) {
			s.rewritten(s.t, s.sealed(s.t, []byte("{}"), stranger(s.t)), filemanifest.Totals{Count: 1})
		}, failure.DecryptFailed, "decrypt"},
		"list cut at a line": {func(s *scene) {
			s.relisted(s.t, func(entries []filemanifest.Entry) []filemanifest.Entry { return entries[:1] })
			s.recount(s.t)
		}, failure.ManifestInvalid, "add up"},
		"list is no JSON": {func(s *scene) {
			s.rewritten(s.t, s.sealed(s.t, []byte("this is no list\n")), filemanifest.Totals{})
		}, failure.ManifestInvalid, "no JSON"},
		"list with a file twice": {func(s *scene) {
			lines := s.clear(s.t)
			s.rewritten(s.t, s.sealed(s.t, append(lines, lines...)), filemanifest.Totals{})
		}, failure.ManifestInvalid, "do not rise"},
		"list with an endless line": {func(s *scene) {
			s.rewritten(s.t, s.sealed(s.t, bytes.Repeat([]byte("x"), 2<<20)), filemanifest.Totals{})
		}, failure.ManifestInvalid, "list of files"},
		"list with an unknown content": {func(s *scene) {
			s.relisted(s.t, func(entries []filemanifest.Entry) []filemanifest.Entry {
				entries[0].Content.ID = "cnt_aaaaaaaaaaaaaaaaaaaaaaaaaa"

				return entries
			})
		}, failure.ManifestInvalid, "catalogue does not know"},
		"list with contents exchanged": {func(s *scene) {
			s.relisted(s.t, func(entries []filemanifest.Entry) []filemanifest.Entry {
				entries[0].Content, entries[1].Content = entries[1].Content, entries[0].Content

				return entries
			})
		}, failure.ManifestInvalid, "catalogue does not know"},
	}
}

func contents() map[string]mutilation {
	return map[string]mutilation{
		"content deleted": {func(s *scene) { check(s.t, s.Bucket.Remove(s.t.Context(), s.contents[0].Object)) }, failure.ObjectNotFound, "content"},
		"content replaced": {func(s *scene) {
			s.Replace(s.t, s.contents[0].Object, s.Read(s.t, s.contents[0].Object, 0))
		}, failure.ObjectNotFound, "content"},
		"content exchanged": {func(s *scene) {
			s.believed(s.t, s.contents[0], s.Read(s.t, s.contents[1].Object, 0))
		}, failure.ArchiveInvalid, "size or hash"},
		"content forged to the right key": {func(s *scene) {
			s.believed(s.t, s.contents[0], s.sealed(s.t, []byte("forged")))
		}, failure.ArchiveInvalid, "size or hash"},
		"content forged to another key": {func(s *scene) {
			s.believed(s.t, s.contents[0], s.sealed(s.t, []byte("forged"), stranger(s.t)))
		}, failure.ArchiveInvalid, "size or hash"},
		"content cut": {func(s *scene) {
			whole := s.Read(s.t, s.contents[0].Object, 0)
			s.believed(s.t, s.contents[0], whole[:len(whole)-1])
		}, failure.ArchiveInvalid, "size or hash"},
		"content emptied": {func(s *scene) { s.believed(s.t, s.contents[0], nil) }, failure.ArchiveInvalid, "size or hash"},
		"content with one bit flipped": {func(s *scene) {
			whole := s.Read(s.t, s.contents[0].Object, 0)
			whole[len(whole)/2] ^= 1
			s.believed(s.t, s.contents[0], whole)
		}, failure.ArchiveInvalid, "size or hash"},
		"content longer": {func(s *scene) {
			s.believed(s.t, s.contents[0], append(s.Read(s.t, s.contents[0].Object, 0), 0))
		}, failure.ArchiveInvalid, "size or hash"},
		"content pinned and of another file": {func(s *scene) {
			s.pinned(s.t, s.contents[0], s.sealed(s.t, []byte("of another file")))
		}, failure.ContentDiffers, "content of a file"},
		"content pinned and to another key": {func(s *scene) {
			s.pinned(s.t, s.contents[0], s.sealed(s.t, []byte("x"), stranger(s.t)))
		}, failure.DecryptFailed, "decrypt"},
		"content pinned and cut": {func(s *scene) {
			whole := s.Read(s.t, s.contents[0].Object, 0)
			s.pinned(s.t, s.contents[0], whole[:len(whole)-20])
		}, failure.ArchiveInvalid, "archive"},
		"content refused before": {func(s *scene) {
			check(s.t, filecatalogue.Condemned(s.t.Context(), s.Steward, []string{s.contents[0].ID}, s.Clock.Now()))
		}, failure.ArchiveInvalid, "another drill refused"},
	}
}

// recount puts the header's own totals back.
func (s *scene) recount(t *testing.T) {
	t.Helper()

	stored := s.Read(t, s.row.ManifestObject, 0)
	header, err := filemanifest.Open(stored, s.Driller.Verifier)
	check(t, err)
	s.resigned(t, s.Signer, func(h *filemanifest.Header) { h.List = header.List })
}

// clear is the list in the clear.
func (s *scene) clear(t *testing.T) []byte {
	t.Helper()

	reader, err := archive.NewReader(bytes.NewReader(s.Read(t, s.header.List.Object, s.header.List.Generation)), s.Driller.Identities)
	check(t, err)

	lines, err := io.ReadAll(reader)
	check(t, err)

	return lines
}

func stranger(t *testing.T) age.Recipient {
	t.Helper()

	identity, err := age.GenerateX25519Identity()
	check(t, err)

	return identity.Recipient()
}

// Each way of damaging a backup of files is refused by name, recorded as bad with
// its code, and mended by the next attempt, where a new one can mend it.
func TestMutilatedFilesAreRefused(t *testing.T) {
	t.Parallel()

	table := mutilations()
	t.Logf("%d mutilations", len(table))

	for name, c := range table {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newScene(t)
			s.Exec(t, `alter table file_backups disable trigger file_backups_step`)
			c.do(s)
			s.Exec(t, `alter table file_backups enable trigger file_backups_step`)

			_, err := s.Driller.Drill(t.Context(), s.row.ID)
			if !failure.Is(err, c.code) || !strings.Contains(fmt.Sprint(err), c.words) {
				t.Errorf("%v, want %s with %q", err, c.code, c.words)
			}

			row, err := filecatalogue.Get(t.Context(), s.Steward, s.row.ID)
			if err != nil || row.State != catalogue.Bad || row.Reason != string(c.code) {
				t.Errorf("%+v, %v", row, err)
			}

			if _, err := s.Driller.Drill(t.Context(), s.row.ID); !failure.Is(err, failure.EvidenceMissing) {
				t.Errorf("drilled again: %v", err)
			}

			taken, err := s.Taker.Take(t.Context(), s.row.ID)
			check(t, err)

			if drilled, err := s.Driller.Drill(t.Context(), taken.ID); err != nil || drilled.Count != 2 {
				t.Errorf("not mended: %+v, %v", drilled, err)
			}
		})
	}
}

// All damaged contents are found at once, so that one more attempt mends them all.
func TestEveryDamagedContentIsFoundAtOnce(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	for n := range 8 {
		b.Write(t, fmt.Sprintf("file-%d", n), "x")
	}

	taken := b.Take(t)

	for _, name := range b.Names(t, "uploads/contents/")[:5] {
		check(t, b.Bucket.Remove(t.Context(), name))
	}

	if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, failure.ObjectNotFound) || !strings.HasPrefix(err.Error(), "5 contents") {
		t.Fatal(err)
	}

	again := b.Take(t)
	if again.Fresh != 5 {
		t.Errorf("%+v", again)
	}

	if _, err := b.Driller.Drill(t.Context(), again.ID); err != nil {
		t.Error(err)
	}
}

// What was proven before is looked for in the listing, every day, and a sample of it
// is read again.
func TestOldContentsAreLookedAtAgain(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		damage func(b *filestest.Bench, name string)
		code   failure.Code
	}{
		"lost":   {func(b *filestest.Bench, name string) { check(t, b.Bucket.Remove(t.Context(), name)) }, failure.ObjectNotFound},
		"rotten": {func(b *filestest.Bench, name string) { rot(t, b, name) }, failure.ArchiveInvalid},
	} {
		b := filestest.New(t)
		b.Write(t, "a", "a")
		b.Write(t, "b", "b")
		b.Drilled(t)
		b.Clock.Advance(day)

		if second := b.Drilled(t); second.Fresh != 0 {
			t.Errorf("%s: %+v", name, second)
		}

		if body := b.Strings(t, `select body from ledger.entries where kind = 'files.drilled' order by serial desc limit 1`); !strings.Contains(body[0], `"sampled":2`) {
			t.Errorf("%s: %s", name, body)
		}

		b.Clock.Advance(day)
		c.damage(b, b.Names(t, "uploads/contents/")[0])

		taken := b.Take(t)
		if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}

		if healed := b.Drilled(t); healed.Fresh != 1 || healed.Count != 2 {
			t.Errorf("%s: %+v", name, healed)
		}
	}
}

// rot gives an object other bytes of the same size, which only reading it can tell.
func rot(t *testing.T, b *filestest.Bench, name string) {
	t.Helper()

	found, err := b.Bucket.Stat(t.Context(), name)
	check(t, err)

	other, err := b.Bucket.Put(t.Context(), name, bytes.NewReader(bytes.Repeat([]byte("r"), int(found.Size))), gcs.PutOptions{Replace: found.Generation})
	check(t, err)
	b.Exec(t, `alter table file_contents disable trigger file_contents_step`)
	b.Exec(t, `update file_contents set generation = $2 where object = $1`, name, other.Generation)
	b.Exec(t, `alter table file_contents enable trigger file_contents_step`)
}

func check(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
