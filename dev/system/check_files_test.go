package system_test

import (
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
)

// filesBucket is Steward's bucket of files.
const filesBucket = "popkit-files"

// sometimes damage is a row that the next look must not find changed: a copy of the
// contents comes back whole.
const (
	keepContents = `create table kept_contents as table file_contents; `
	backContents = `delete from file_contents; insert into file_contents table kept_contents; drop table kept_contents`
	goneContents = keepContents + `update file_contents set doomed_at = now(), gone_at = now(), source = null, plain_sha256 = null, crc32c = null`
	anotherDay   = `insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at,
		manifest_object, manifest_gen, manifest_sha256, files) select 'fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', fileset, day - $days, state, attempt, owner,
		beat_at, opened_at, snapshot_at - interval '1 day' * $days, taken_at, drilled_at, manifest_object, manifest_gen, manifest_sha256, files from file_backups`
	noOtherDay = `delete from file_backups where id = 'fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa'`
)

// listed is the object of the good day's list or manifest.
func (v *vandal) listed(kind string) string {
	return v.one(`select o.name from file_objects o join file_backups b on b.id = o.backup_id and b.attempt = o.attempt where o.kind = $1`, kind)
}

// content is the object of the largest content.
func (v *vandal) content() string {
	return v.one(`select object from file_contents where generation is not null order by bytes desc, id limit 1`)
}

// another is the object of the smallest.
func (v *vandal) another() string {
	return v.one(`select object from file_contents where generation is not null order by bytes, id limit 1`)
}

func (v *vandal) one(sql string, args ...any) string {
	found, err := harness.Rows(v.Context(), v.world.StewardURL, sql, args...)
	if err != nil || len(found) != 1 {
		v.Fatal("looking for an object: ", found, err)
	}
	return found[0]
}

// fileRowCorruptions damage what the steward database says about files.
func fileRowCorruptions() []corruption {
	days := func(n string) string { return strings.ReplaceAll(anotherDay, "$days", n) }
	return []corruption{
		inDatabase("files not good", "files", "has no good backup", `update file_backups set state = 'taken'`, `update file_backups set state = 'drilled'`),
		inDatabase("files twice", "files", "is there twice", `alter table file_backups drop constraint file_backups_fileset_day_key; `+days("0"), noOtherDay),
		inDatabase("files lack evidence", "files", "lacks evidence",
			`update file_backups set reason = manifest_gen::text, manifest_gen = null`, `update file_backups set manifest_gen = reason::bigint, reason = ''`),
		inDatabase("files' foreign object", "files", "belongs to no backup",
			`insert into file_objects (backup_id, attempt, name, kind) values ('fbk_x', 'att_x', 'x', 'list')`, `delete from file_objects where name = 'x'`),
		inDatabase("files pruned half", "files", "is not marked gone", `update file_backups set state = 'pruned'`, `update file_backups set state = 'drilled'`),
		inDatabase("files recorded as gone", "files", "is recorded as gone",
			`update file_objects set pruned_at = now()`, `update file_objects set pruned_at = null`),
		inDatabase("files' other manifest", "files", "another manifest",
			`update file_backups set manifest_gen = manifest_gen + 1`, `update file_backups set manifest_gen = manifest_gen - 1`),
		inDatabase("files of another day", "files", "the manifest of another backup", `update file_backups set day = day - 1`, `update file_backups set day = day + 1`),
		inDatabase("files' other count", "files", "the manifest of another backup",
			`update file_backups set files = files + 1`, `update file_backups set files = files - 1`),
		inDatabase("content recorded as gone", "files", "is recorded as gone", goneContents, backContents),
		inDatabase("content gone too early", "files", "went too early", goneContents, backContents),
		inDatabase("contents gone in silence", "ledger", "the ledger tells of map[]", goneContents, backContents),
		inDatabase("content forgotten", "files", "was never announced", keepContents+`delete from file_contents where bytes = (select max(bytes) from file_contents)`, backContents),
		inDatabase("content of other days", "files", "does not know so",
			keepContents+`update file_contents set first_at = first_at + interval '1 day', newest_at = newest_at + interval '1 day'`, backContents),
		inDatabase("content with another hash", "files", "another content than the catalogue says",
			keepContents+`update file_contents set plain_sha256 = 'x'`, backContents),
		inDatabase("content that nobody names", "files", "stays too late",
			keepContents+`update file_contents set first_at = first_at - interval '8 days', newest_at = newest_at - interval '8 days'`, backContents),
		inDatabase("day that stays", "files", "stays too late", days("8"), noOtherDay),
		inDatabase("newest day that stays without an entry", "files", "stays too late", `update file_backups set snapshot_at = snapshot_at - interval '8 days'`,
			`update file_backups set snapshot_at = snapshot_at + interval '8 days'`),
		inDatabase("files without evidence", "ledger", "0 entries files.drilled",
			`update file_backups set reason = manifest_sha256, manifest_sha256 = 'x'`, `update file_backups set manifest_sha256 = reason, reason = ''`),
		inDatabase("file in the catalogue", "canary", `"person 17" stands in table public.file_contents`,
			keepContents+`update file_contents set claimed_by = 'person 17'`, backContents),
	}
}

// fileBucketCorruptions damage what is stored of files.
func fileBucketCorruptions() []corruption {
	return []corruption{
		inBucket("a stranger among contents", "files", "was never announced", func(v *vandal) { v.write(filesBucket, "uploads/contents/stranger", "x") }),
		inBucket("files' manifest gone", "files", "has lost its manifest", func(v *vandal) { v.remove(filesBucket, v.listed("manifest")) }),
		inBucket("files' list gone", "files", "has lost its list", func(v *vandal) { v.remove(filesBucket, v.listed("list")) }),
		inBucket("content gone", "files", "has lost the content", func(v *vandal) { v.remove(filesBucket, v.content()) }),
		inBucket("content cut", "files", "cannot read it", func(v *vandal) {
			whole := v.read(filesBucket, v.content())
			v.write(filesBucket, v.content(), whole[:len(whole)-1])
		}),
		inBucket("content written again", "files", "another content", func(v *vandal) {
			v.write(filesBucket, v.content(), v.read(filesBucket, v.content()))
		}),
		inBucket("contents swapped", "files", "does not have the file of its line", func(v *vandal) {
			v.write(filesBucket, v.content(), v.read(filesBucket, v.another()))
		}),
		inBucket("content in the clear", "files", "is not encrypted", func(v *vandal) { v.write(filesBucket, v.content(), "Dear reader") }),
		inBucket("person in a content", "canary", `"person 17" stands in object popkit-files`, func(v *vandal) {
			v.write(filesBucket, v.content(), "Dear person 17")
		}),
		inBucket("list is a content", "files", "no JSON", func(v *vandal) {
			v.write(filesBucket, v.listed("list"), v.read(filesBucket, v.content()))
		}),
		inBucket("list written again", "files", "another list", func(v *vandal) {
			v.write(filesBucket, v.listed("list"), v.read(filesBucket, v.listed("list")))
		}),
		inBucket("list in the clear", "files", "is not encrypted", func(v *vandal) { v.write(filesBucket, v.listed("list"), "{}") }),
		inBucket("files' manifest changed", "files", "over other content", func(v *vandal) {
			v.write(filesBucket, v.listed("manifest"), strings.Replace(v.read(filesBucket, v.listed("manifest")), `"count"`, `"Count"`, 1))
		}),
		inBucket("content's noncurrent generation", "files", "more than one generation", func(v *vandal) {
			_, err := v.world.Bucket.Bucket(filesBucket).Update(v.Context(), storage.BucketAttrsToUpdate{VersioningEnabled: true})
			v.must(err)
			v.remove(filesBucket, v.content())
		}),
		inBucket("a file forgotten", "files", "lacks 1 files of the app", func(v *vandal) {
			v.must(v.world.Move(-time.Hour))
			v.must(v.world.PutFile(v.Context(), "forgotten", "x"))
			v.must(v.world.Move(time.Hour))
		}),
	}
}
