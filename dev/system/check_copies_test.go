package system_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
)

// anotherCopy is a copy of a backup that was due weeks ago.
const (
	anotherCopy = `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, taken_at, drilled_at, pruned_at,
			manifest_object, manifest_gen, manifest_sha256, bytes, rows)
		select 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', database, day - 30, 'pruned', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', owner, beat_at, opened_at, snapshot_at - interval '30 days',
			taken_at, drilled_at, now(), manifest_object, manifest_gen, manifest_sha256, bytes, rows from backups;
		insert into backup_copies (backup_id, bucket, location, state, started_at)
		select 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', bucket, location, 'running', started_at from backup_copies`
	noOtherCopy = `delete from backup_copies where backup_id = 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa';
		delete from backups where id = 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa'`
)

func copyCorruptions() []corruption {
	const check = "copies"
	far := func(name, says string, do func(*vandal)) corruption { return inBucket(name, check, says, do) }
	sql := func(name, says, do, undo string) corruption { return inDatabase(name, check, says, do, undo) }
	return []corruption{
		sql("not copied", "has no copy (begun: true)", `update backup_copies set state = 'running'`, `update backup_copies set state = 'copied'`),
		sql("never begun", "has no copy (begun: false)", `update backup_copies set bucket = 'elsewhere'`, `update backup_copies set bucket = '`+harness.CopiesBucket+`'`),
		sql("another manifest", "another manifest", `update backup_copies set manifest_gen = manifest_gen + 1`,
			`update backup_copies set manifest_gen = manifest_gen - 1`),
		sql("another size", "its objects have", `update backup_copies set bytes = bytes + 1`, `update backup_copies set bytes = bytes - 1`),
		sql("an object recorded as gone", "is recorded as gone", `update backup_copy_objects set pruned_at = now()`,
			`update backup_copy_objects set pruned_at = null`),
		sql("an object too many", "lists 4 objects",
			`insert into backup_copy_objects (backup_id, bucket, attempt, name, kind) select backup_id, bucket, 'x', 'x', 'archive' from backup_copies`,
			`delete from backup_copy_objects where name = 'x'`),
		sql("another generation", "is another generation", `update backup_copy_objects set generation = generation + 1 where kind = 'archive'`,
			`update backup_copy_objects set generation = generation - 1 where kind = 'archive'`),
		sql("pruned half", "is not marked gone", `update backup_copies set state = 'pruned'`, `update backup_copies set state = 'copied'`),
		sql("gone early", "went too early", `update backup_copies set state = 'pruned', pruned_at = now()`,
			`update backup_copies set state = 'copied', pruned_at = null`),
		sql("there late", "stays too late", anotherCopy, noOtherCopy),
		far("a stranger of the far bucket", "was never announced", func(v *vandal) { v.write(harness.CopiesBucket, "app/stranger", "x") }),
		far("archive of a copy gone", "has lost its archive", func(v *vandal) { v.remove(harness.CopiesBucket, v.name("archive")) }),
		far("globals of a copy gone", "has lost its globals", func(v *vandal) { v.remove(harness.CopiesBucket, v.name("globals")) }),
		far("manifest of a copy gone", "has lost its manifest", func(v *vandal) { v.remove(harness.CopiesBucket, v.name("manifest")) }),
		far("archive of a copy cut", "another archive than its manifest says", func(v *vandal) {
			whole := v.read(harness.CopiesBucket, v.name("archive"))
			v.write(harness.CopiesBucket, v.name("archive"), whole[:len(whole)-1])
		}),
		far("archive of a copy written again", "is not what was copied", func(v *vandal) {
			v.write(harness.CopiesBucket, v.name("archive"), v.read(harness.CopiesBucket, v.name("archive")))
		}),
		far("archive of a copy is globals", "another archive than its manifest says", func(v *vandal) {
			v.write(harness.CopiesBucket, v.name("archive"), v.read(harness.CopiesBucket, v.name("globals")))
		}),
		far("manifest of a copy changed", "has the manifest of another backup, or none", func(v *vandal) {
			v.write(harness.CopiesBucket, v.name("manifest"), strings.Replace(v.read(harness.CopiesBucket, v.name("manifest")), `"rows"`, `"Rows"`, 1))
		}),
		far("noncurrent generation of a copy", "more than one generation", func(v *vandal) {
			_, err := v.world.Bucket.Bucket(harness.CopiesBucket).Update(v.Context(), storage.BucketAttrsToUpdate{VersioningEnabled: true})
			v.must(err)
			v.remove(harness.CopiesBucket, v.name("archive"))
		}),
		inDatabase("no evidence of a copy", "ledger", "0 entries backup.copied",
			`update backup_copies set location = 'x'`, `update backup_copies set location = 'far'`),
		inDatabase("no receipt of a copy", "ledger", "0 entries of its end",
			`update backup_copies set state = 'pruned'`, `update backup_copies set state = 'copied'`),
		inBucket("plaintext in the far bucket", "canary", `"PGDMP" stands in object`, func(v *vandal) { v.write(harness.CopiesBucket, "x", "PGDMP") }),
	}
}

// TestCheckWorldFindsEveryCorruptionOfCopies shows that each check of the second
// location can fail, as TestCheckWorldFindsEveryCorruption does of the first.
func TestCheckWorldFindsEveryCorruptionOfCopies(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Unchecked: true, Copies: true})
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A vandal of the bucket is not held back by its retention policy.
	if err := world.Unretain(t.Context(), harness.CopiesBucket); err != nil {
		t.Fatal(err)
	}
	damaged(t, world, copyCorruptions())
}
