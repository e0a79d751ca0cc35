package drill_test

import (
	"bytes"
	"strings"
	"testing"

	"steward/internal/backuptest"
	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/manifest"
)

// contentMutations are damages of what was dumped, or of what the manifest says of it.
func contentMutations() []mutation {
	in := func(change func(*content.Description)) func(*testing.T, *backuptest.Bench, string) {
		return forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) { change(&m.Content) })
	}
	repacked := func(change func([]byte) []byte) func(*testing.T, *backuptest.Bench, string) {
		return forged(func(t *testing.T, b *backuptest.Bench, m *manifest.Manifest) {
			t.Helper()
			genuine(t, b, &m.Archive, change(plaintext(t, b, m.Archive)), b.Taker.Recipients...)
		})
	}

	return []mutation{
		{"one row changed after its hash was taken", failure.ContentDiffers, false, repacked(func(a []byte) []byte {
			return bytes.Replace(a, []byte("person 7\n"), []byte("person 8\n"), 1)
		})},
		{"no archive of PostgreSQL at all", failure.RestoreFailed, false, repacked(func([]byte) []byte { return []byte("hello") })},
		{"archive cut before it was sealed", failure.RestoreFailed, false, repacked(func(a []byte) []byte { return a[:len(a)*2/3] })},
		{"statement that does not run", failure.RestoreFailed, false, repacked(func(a []byte) []byte {
			return bytes.Replace(a, []byte("CREATE TABLE"), []byte("CREATE TUBLE"), 1)
		})},
		{"statement that needs a superuser", failure.RestoreFailed, false, repacked(func(a []byte) []byte {
			return bytes.Replace(a, []byte("CREATE SCHEMA shop;\n"), []byte("create role evil  ;\n"), 1)
		})},
		{"archive of a newer pg_dump", failure.RestoreFailed, false, repacked(func(a []byte) []byte {
			a[len("PGDMP")+1] = 99 // the minor number of the format

			return a
		})},
		{"archive in another of pg_restore's formats", failure.RestoreFailed, false, repacked(func(a []byte) []byte {
			a[len("PGDMP")+5] = 3 // tar, after three of version and the sizes of integers and offsets

			return a
		})},
		{"a statement cut by a zero byte", failure.RestoreFailed, false, repacked(func(a []byte) []byte {
			return bytes.Replace(a, []byte("CREATE TABLE"), []byte("CREATE T\x00BLE"), 1)
		})},
		{"a newer server than the programs know", failure.ConfigInvalid, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) {
			m.ServerVersion = 990000
		})},
		{"one row more in the manifest", failure.ContentDiffers, false, in(func(d *content.Description) { d.Tables[0].Rows++ })},
		{"another hash in the manifest", failure.ContentDiffers, false, in(func(d *content.Description) {
			d.Tables[0].Hash = strings.Repeat("0", 32)
		})},
		{"a table more in the manifest", failure.ContentDiffers, false, in(func(d *content.Description) {
			d.Tables = append(d.Tables, content.Table{Schema: "shop", Name: "gone"})
		})},
		{"sequence ahead", failure.ContentDiffers, false, in(func(d *content.Description) {
			d.Sequences[0].Before.Last, d.Sequences[0].After.Last = 1000, 1000
		})},
		{"a role missing", failure.ContentDiffers, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) {
			m.Roles = append(m.Roles, manifest.Role{Name: "nobody_made_this"})
		})},
		{"the owner's role not named", failure.Unavailable, true, forged(func(_ *testing.T, _ *backuptest.Bench, m *manifest.Manifest) {
			m.Roles = nil
		})},
		{"an extension that is not there", failure.ExtensionMissing, true, in(func(d *content.Description) {
			d.Extensions = append(d.Extensions, content.Extension{Name: "made_up", Version: "1.0", Schema: "public", Owner: "postgres"})
		})},
		{"an extension of another version", failure.ExtensionMissing, true, in(func(d *content.Description) {
			d.Extensions = append(d.Extensions, content.Extension{Name: "cube", Version: "99", Schema: "there", Owner: "postgres"})
		})},
	}
}
