package drill_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/manifest"
)

// forge rewrites the manifest of a taken backup, signs it with our own key and
// makes the catalogue name it: what a drill must find although the signature
// holds.
func forge(t *testing.T, b *backuptest.Bench, id string, change func(*manifest.Manifest)) {
	t.Helper()

	row := b.Row(t, id)

	document, err := manifest.Open(b.Read(t, row.ManifestObject, row.ManifestGen), b.Driller.Verifier)
	if err != nil {
		t.Fatal(err)
	}

	change(&document)

	signed, err := manifest.Sign(document, b.Taker.Signer)
	if err != nil {
		t.Fatal(err)
	}

	name(t, b, id, signed)
}

// name stores a manifest as it is and makes the catalogue name it.
func name(t *testing.T, b *backuptest.Bench, id string, stored []byte) {
	t.Helper()

	made := put(t, b, stored)
	withoutTriggers(t, b, `update backups set manifest_object = '`+made.Name+`', manifest_sha256 = '`+manifest.Hash(stored)+`',
		manifest_gen = null where id = '`+id+`'`)
}

// withoutTriggers changes the catalogue as only its owner could.
func withoutTriggers(t *testing.T, b *backuptest.Bench, sql string) {
	t.Helper()
	backuptest.Exec(t, b.StewardURL, "set session_replication_role = replica; "+sql)
}

func put(t *testing.T, b *backuptest.Bench, stored []byte) gcs.Object {
	t.Helper()

	made, err := b.Bucket.Put(t.Context(), ids.New("forged"), bytes.NewReader(stored), gcs.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return made
}

// swap replaces the archive by other bytes and leaves size and hash as signed.
func swap(b *backuptest.Bench, change func([]byte) []byte) func(*testing.T, *manifest.Manifest) {
	return func(t *testing.T, document *manifest.Manifest) {
		t.Helper()

		made := put(t, b, change(b.Read(t, document.Archive.Object, document.Archive.Generation)))
		document.Archive.Object, document.Archive.Generation = made.Name, made.Generation
	}
}

// genuine replaces an object by content that the signed manifest describes.
func genuine(t *testing.T, b *backuptest.Bench, stored *manifest.Stored, text []byte, to ...age.Recipient) {
	t.Helper()

	var sealed bytes.Buffer

	writer, err := archive.NewWriter(&sealed, to)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := writer.Write(text); err != nil {
		t.Fatal(err)
	}

	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}

	made := put(t, b, sealed.Bytes())
	*stored = manifest.Stored{
		Bucket: made.Bucket, Object: made.Name, Generation: made.Generation, Bytes: made.Size, SHA256: made.SHA256, CRC32C: made.CRC32C,
	}
}

func plaintext(t *testing.T, b *backuptest.Bench, stored manifest.Stored) []byte {
	t.Helper()

	reader, err := archive.NewReader(bytes.NewReader(b.Read(t, stored.Object, stored.Generation)), b.Driller.Identities)
	if err != nil {
		t.Fatal(err)
	}

	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

// mutation damages a taken backup; the drill must refuse it by this code.
type mutation struct {
	name string
	code failure.Code
	// early says that pg_restore must not even start.
	early  bool
	change func(*testing.T, *backuptest.Bench, string)
}

func forged(change func(*testing.T, *backuptest.Bench, *manifest.Manifest)) func(*testing.T, *backuptest.Bench, string) {
	return func(t *testing.T, b *backuptest.Bench, id string) {
		t.Helper()
		forge(t, b, id, func(document *manifest.Manifest) { change(t, b, document) })
	}
}

func mutations() []mutation {
	all := append(manifestMutations(), objectMutations()...)
	all = append(all, sealedMutations()...)

	return append(all, contentMutations()...)
}

func manifestMutations() []mutation {
	simple := func(change func(*manifest.Manifest)) func(*testing.T, *backuptest.Bench, string) {
		return forged(func(_ *testing.T, _ *backuptest.Bench, document *manifest.Manifest) { change(document) })
	}

	return []mutation{
		{"signed by another key", failure.SignatureInvalid, true, func(t *testing.T, b *backuptest.Bench, id string) {
			stranger, taker := *b, *b.Taker
			taker.Signer, _ = backuptest.Keys(t)
			stranger.Taker = &taker
			forge(t, &stranger, id, func(*manifest.Manifest) {})
		}},
		{"signature stripped", failure.ManifestInvalid, true, func(t *testing.T, b *backuptest.Bench, id string) {
			row := b.Row(t, id)
			line, _, _ := bytes.Cut(b.Read(t, row.ManifestObject, row.ManifestGen), []byte("\n"))
			name(t, b, id, line)
		}},
		{"one byte of the manifest flipped", failure.SignatureInvalid, true, func(t *testing.T, b *backuptest.Bench, id string) {
			row := b.Row(t, id)
			stored := b.Read(t, row.ManifestObject, row.ManifestGen)
			stored[10] ^= 1
			name(t, b, id, stored)
		}},
		{"not the manifest of the catalogue", failure.ManifestInvalid, true, func(t *testing.T, b *backuptest.Bench, id string) {
			withoutTriggers(t, b, `update backups set manifest_sha256 = repeat('0', 64) where id = '`+id+`'`)
		}},
		{"manifest gone", failure.ObjectNotFound, true, func(t *testing.T, b *backuptest.Bench, id string) {
			row := b.Row(t, id)
			if err := b.Bucket.Delete(t.Context(), row.ManifestObject, row.ManifestGen); err != nil {
				t.Fatal(err)
			}
		}},
		{"of another day", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Day = "2026-11-21" })},
		{"of another database", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Database = "other" })},
		{"of another backup", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Backup = ids.New("bkp") })},
		{"of another attempt", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Attempt = ids.New("att") })},
		{"of a later format", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Format = "steward-backup/9" })},
		{"from the future", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.SnapshotAt = time.Now().Add(time.Hour) })},
		{"archive in another bucket", failure.ManifestInvalid, true, simple(func(m *manifest.Manifest) { m.Archive.Bucket = "theirs" })},
	}
}

func objectMutations() []mutation {
	swapped := func(change func([]byte) []byte) func(*testing.T, *backuptest.Bench, string) {
		return forged(func(t *testing.T, b *backuptest.Bench, document *manifest.Manifest) {
			t.Helper()
			swap(b, change)(t, document)
		})
	}

	return []mutation{
		{"archive replaced", failure.ArchiveInvalid, true, swapped(func([]byte) []byte { return []byte("something else") })},
		{"archive empty", failure.ArchiveInvalid, true, swapped(func([]byte) []byte { return nil })},
		{"archive cut", failure.ArchiveInvalid, true, swapped(func(a []byte) []byte { return a[:len(a)/2] })},
		{"archive cut by a byte", failure.ArchiveInvalid, true, swapped(func(a []byte) []byte { return a[:len(a)-1] })},
		{"archive with more behind it", failure.ArchiveInvalid, true, swapped(func(a []byte) []byte { return append(a, 0) })},
		{"archive of the right size, other content", failure.ArchiveInvalid, true, swapped(func(a []byte) []byte {
			a[len(a)/2] ^= 1

			return a
		})},
		{"archive gone", failure.ObjectNotFound, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) { m.Archive.Generation++ })},
		{"archive and globals exchanged", failure.ContentDiffers, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) {
			m.Archive, m.Globals = m.Globals, m.Archive
		})},
		{"archive of another day", failure.ArchiveInvalid, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()

			other := b.Take(t, "2026-11-20")
			objects, err := catalogue.Objects(t.Context(), b.Steward, other.ID)
			if err != nil {
				t.Fatal(err)
			}

			m.Archive.Object, m.Archive.Generation = objects[0].Name, objects[0].Generation
		})},
		{"globals gone", failure.ObjectNotFound, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) { m.Globals.Object += "x" })},
		{"globals without roles", failure.ContentDiffers, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			genuine(t, b, &m.Globals, []byte("-- nothing\n"), b.Taker.Recipients...)
		})},
		{"globals with a line too long", failure.ArchiveInvalid, true, forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			genuine(t, b, &m.Globals, bytes.Repeat([]byte("x"), 2<<20), b.Taker.Recipients...)
		})},
		{
			"globals encrypted by a stranger to his own key", failure.DecryptFailed, true,
			forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
				t.Helper()
				genuine(t, b, &m.Globals, []byte("x"), stranger(t))
			}),
		},
		{
			"archive encrypted by a stranger to his own key", failure.DecryptFailed, true,
			forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
				t.Helper()
				genuine(t, b, &m.Archive, []byte("x"), stranger(t))
			}),
		},
	}
}

func stranger(t *testing.T) age.Recipient {
	t.Helper()

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	return identity.Recipient()
}

func TestADamagedBackupIsRefusedByName(t *testing.T) { //nolint:tparallel // the cases share one bench, and each looks whether it left something
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	for i, c := range mutations() {
		t.Run(c.name, func(t *testing.T) {
			id := b.Take(t, first.AddDate(0, 0, i).Format(time.DateOnly)).ID
			c.change(t, b, id)

			counter := &faults.Counter{}

			_, err := b.Driller.Drill(faults.With(t.Context(), counter), id)
			if !failure.Is(err, c.code) {
				t.Fatalf("refused as %q, not %q: %v", failure.CodeOf(err), c.code, err)
			}

			if started(counter, "start pg_restore") && c.early {
				t.Error("pg_restore was started")
			}

			row, evidence := b.Row(t, id), b.Ledger(t, id)
			if c.code == failure.Unavailable || c.code == failure.ExtensionMissing || c.code == failure.ConfigInvalid {
				// It says nothing about the backup: no verdict.
				if row.State != catalogue.Taken || evidence["backup.refused"] != 0 {
					t.Errorf("state %s, evidence %v", row.State, evidence)
				}
			} else if row.State != catalogue.Bad || row.Reason != string(c.code) || evidence["backup.refused"] != 1 {
				t.Errorf("state %s, reason %q, evidence %v", row.State, row.Reason, evidence)
			}

			if evidence["backup.drilled"] != 0 {
				t.Error("it was called proven")
			}

			b.CheckNothingLeft(t)
		})
	}
}

func started(counter *faults.Counter, name string) bool {
	for _, call := range counter.Calls() {
		if call.Kind == faults.Process && call.Name == name {
			return true
		}
	}

	return false
}

func TestABadBackupIsTakenAnew(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID
	forge(t, b, id, func(m *manifest.Manifest) { m.Content.Tables[0].Rows++ })

	if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.ContentDiffers) {
		t.Fatal(err)
	}

	// Asked again, it does not go back on what is recorded.
	if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}

	if _, err := b.Taker.Take(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	drilled, err := b.Driller.Drill(t.Context(), id)
	if err != nil || drilled.State != catalogue.Drilled || b.Row(t, id).Reason != "" {
		t.Fatalf("%+v, %v", drilled, err)
	}
}

func TestADrillOfAStrangeBackupFails(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	if _, err := b.Driller.Drill(t.Context(), ids.New("bkp")); !failure.Is(err, failure.UnknownBackup) {
		t.Error(err)
	}

	opened := b.Open(t, "2026-11-22")
	if _, err := b.Driller.Drill(t.Context(), opened.ID); !failure.Is(err, failure.EvidenceMissing) {
		t.Error(err)
	}

	taken := b.Take(t, "2026-11-22")

	b.Driller.Admin = "nonsense://%"
	if _, err := b.Driller.Drill(t.Context(), taken.ID); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

// A cluster of another major says nothing about the backup: it stays as it is.
func TestADrillClusterOfAnotherMajorIsRefused(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID

	forge(t, b, id, func(m *manifest.Manifest) { m.ServerVersion -= 10000 })

	_, err := b.Driller.Drill(t.Context(), id)
	if !failure.Is(err, failure.DrillClusterUnfit) || failure.Lookup(failure.DrillClusterUnfit).Retake {
		t.Error(err)
	}

	if state := b.Row(t, id).State; state != catalogue.Taken {
		t.Errorf("state %s", state)
	}

	b.CheckNothingLeft(t)
}

func TestARoleOfTheSourceInTheDrillClusterIsRefused(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	id := b.Take(t, "2026-11-22").ID

	// The superuser of the drill cluster stands for any role that is there.
	forge(t, b, id, func(m *manifest.Manifest) {
		m.Roles = append(m.Roles, manifest.Role{Name: "drill_admin"})
		genuine(t, b, &m.Globals, append(plaintext(t, b, m.Globals), "CREATE ROLE drill_admin;\n"...), b.Taker.Recipients...)
	})

	_, err := b.Driller.Drill(t.Context(), id)
	if !failure.Is(err, failure.DrillClusterUnfit) || !strings.Contains(err.Error(), `"drill_admin"`) {
		t.Error(err)
	}

	// The name of a role may be a person's login.
	if said := failure.Safe(err); strings.Contains(said, "drill_admin") {
		t.Errorf("logged: %s", said)
	}

	if state := b.Row(t, id).State; state != catalogue.Taken {
		t.Errorf("state %s", state)
	}

	b.CheckNothingLeft(t)
}
