package system_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
	"steward/dev/internal/hidden"
)

// corruption damages a world; the check of that name must find it and say so.
type corruption struct {
	name  string
	check string
	says  string
	do    func(*vandal)
}

// vandal damages one world and keeps how to undo it.
type vandal struct {
	*testing.T

	world *harness.World
	undo  []func()
}

// sql damages the steward database as its superuser, past every trigger.
func (v *vandal) sql(do, undo string) {
	const past = "set session_replication_role = replica; "
	v.must(harness.Exec(v.Context(), v.world.StewardURL, past+do))
	v.undo = append(v.undo, func() { v.must(harness.Exec(v.Context(), v.world.StewardURL, past+undo)) })
}

func (v *vandal) drill(do, undo string) {
	v.must(harness.Exec(v.Context(), v.world.DrillURL, do))
	v.undo = append(v.undo, func() { v.must(harness.Exec(v.Context(), v.world.DrillURL, undo)) })
}

func (v *vandal) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

// state is a copy of everything that the emulator holds; it comes back whole, the
// generations too.
func (v *vandal) state() {
	saved := v.TempDir()
	v.must(os.CopyFS(saved, os.DirFS(v.world.Storage.Dir())))
	v.undo = append(v.undo, func() {
		v.must(os.RemoveAll(v.world.Storage.Dir()))
		v.must(os.CopyFS(v.world.Storage.Dir(), os.DirFS(saved)))
		v.world.Storage.Restart(v.T)
		// The old client may still take a dropped connection for a living one, and an upload without a precondition
		// is never sent twice.
		v.world.Bucket = v.world.Storage.Client(v.T)
	})
}

func (v *vandal) object(bucket, name string) *storage.ObjectHandle {
	return v.world.Bucket.Bucket(bucket).Object(name)
}

// name is that of the good backup's object of a kind. On a busy machine an attempt
// that was too slow may have announced others before it.
func (v *vandal) name(kind string) string {
	found, err := harness.Rows(v.Context(), v.world.StewardURL,
		`select o.name from backup_objects o join backups b on b.id = o.backup_id and b.attempt = o.attempt where o.kind = $1`, kind)
	if err != nil || len(found) != 1 {
		v.Fatal("looking for an object: ", found, err)
	}
	return found[0]
}

func (v *vandal) remove(bucket, name string) { v.must(v.object(bucket, name).Delete(v.Context())) }

func (v *vandal) write(bucket, name, content string) {
	writer := v.object(bucket, name).NewWriter(v.Context())
	if _, err := writer.Write([]byte(content)); err != nil {
		v.Fatal(err)
	}
	v.must(writer.Close())
}

func (v *vandal) read(bucket, name string) string {
	reader, err := v.object(bucket, name).NewReader(v.Context())
	v.must(err)
	defer reader.Close()
	content := make([]byte, reader.Attrs.Size)
	for at := 0; at < len(content); {
		n, err := reader.Read(content[at:])
		at += n
		if err != nil && at < len(content) {
			v.Fatal(err)
		}
	}
	return string(content)
}

const (
	backups = "popkit-backups"
	mirror  = "popkit-ledger"
)

// inDatabase damages the steward database, and undoes it.
func inDatabase(name, check, says, do, undo string) corruption {
	return corruption{name, check, says, func(v *vandal) { v.sql(do, undo) }}
}

// inBucket damages the storage, which then comes back as it was.
func inBucket(name, check, says string, do func(*vandal)) corruption {
	return corruption{name, check, says, func(v *vandal) { v.state(); do(v) }}
}

func corruptions() []corruption {
	sql, bucket := inDatabase, inBucket
	return []corruption{
		sql("not good", "catalogue", "has no good backup", `update backups set state = 'taken'`, `update backups set state = 'drilled'`),
		sql("twice", "catalogue", "is there twice", `alter table backups drop constraint backups_database_day_key;
			insert into backups select 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', database, day, state, attempt, owner, beat_at, opened_at, snapshot_at,
			taken_at, drilled_at, pruned_at, manifest_object, manifest_gen, manifest_sha256 from backups`,
			`delete from backups where id = 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa'`),
		sql("no rows", "catalogue", "lacks evidence", `update backups set rows = -rows - 1; update backups set rows = 0, reason = rows::text`,
			`update backups set rows = -reason::bigint - 1, reason = ''`),
		sql("other size", "catalogue", "its objects have", `update backups set bytes = bytes + 1`, `update backups set bytes = bytes - 1`),
		sql("foreign object", "catalogue", "belongs to no backup",
			`insert into backup_objects (backup_id, attempt, name, kind) values ('bkp_x', 'att_x', 'x', 'archive')`,
			`delete from backup_objects where name = 'x'`),
		sql("an object too many", "catalogue", "lists 4 objects",
			`insert into backup_objects (backup_id, attempt, name, kind) select id, attempt, 'x', 'archive' from backups`,
			`delete from backup_objects where name = 'x'`),
		sql("pruned half", "catalogue", "is not marked gone", `update backups set state = 'pruned'`, `update backups set state = 'drilled'`),
		sql("backup gone early", "catalogue", "went too early", `update backups set pruned_at = now()`, `update backups set pruned_at = null`),
		sql("backup there late", "catalogue", "stays too late", `update backups set snapshot_at = snapshot_at - interval '8 days'`,
			`update backups set snapshot_at = snapshot_at + interval '8 days'`),
		sql("failed backup there late", "catalogue", "app 2001-01-01 stays too late",
			`insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at)
				select 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', database, '2001-01-01', 'bad', attempt, owner, beat_at, opened_at - interval '8 days' from backups`,
			`delete from backups where id = 'bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa'`),
		sql("recorded as gone", "bucket", "is recorded as gone", `update backup_objects set pruned_at = now()`, `update backup_objects set pruned_at = null`),
		sql("other manifest", "bucket", "another manifest", `update backups set manifest_gen = manifest_gen + 1`, `update backups set manifest_gen = manifest_gen - 1`),
		sql("other backup", "bucket", "the manifest of another backup", `update backups set day = day - 1`, `update backups set day = day + 1`),
		bucket("a stranger", "bucket", "was never announced", func(v *vandal) { v.write(backups, "app/stranger", "x") }),
		bucket("archive gone", "bucket", "has lost its archive", func(v *vandal) { v.remove(backups, v.name("archive")) }),
		bucket("globals gone", "bucket", "has lost its globals", func(v *vandal) { v.remove(backups, v.name("globals")) }),
		bucket("manifest gone", "bucket", "has lost its manifest", func(v *vandal) { v.remove(backups, v.name("manifest")) }),
		bucket("archive cut", "archive", "cannot read it", func(v *vandal) {
			whole := v.read(backups, v.name("archive"))
			v.write(backups, v.name("archive"), whole[:len(whole)-1])
		}),
		bucket("archive written again", "bucket", "another archive", func(v *vandal) {
			v.write(backups, v.name("archive"), v.read(backups, v.name("archive")))
		}),
		bucket("globals in the clear", "archive", "is not encrypted", func(v *vandal) { v.write(backups, v.name("globals"), "CREATE ROLE x;") }),
		bucket("archive is globals", "archive", "pg_restore cannot list it", func(v *vandal) {
			v.write(backups, v.name("archive"), v.read(backups, v.name("globals")))
		}),
		bucket("globals are an archive", "archive", "no whole dump of roles", func(v *vandal) {
			v.write(backups, v.name("globals"), v.read(backups, v.name("archive")))
		}),
		bucket("manifest changed", "archive", "over other content", func(v *vandal) {
			v.write(backups, v.name("manifest"), strings.Replace(v.read(backups, v.name("manifest")), `"rows"`, `"Rows"`, 1))
		}),
		bucket("manifest unsigned", "archive", "signature does not hold", func(v *vandal) {
			whole := v.read(backups, v.name("manifest"))
			v.write(backups, v.name("manifest"), whole[:len(whole)-4])
		}),
		bucket("noncurrent generation", "bucket", "more than one generation", func(v *vandal) {
			_, err := v.world.Bucket.Bucket(backups).Update(v.Context(), storage.BucketAttrsToUpdate{VersioningEnabled: true})
			v.must(err)
			v.remove(backups, v.name("archive"))
		}),
		sql("entry changed", "ledger", "differs between database and mirror",
			`update ledger.entries set body = replace(body, '"app"', '"bpp"')`, `update ledger.entries set body = replace(body, '"bpp"', '"app"')`),
		sql("entry too many", "ledger", "the database has",
			`insert into ledger.entries (id, kind, at, body) values ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'world.observed', now(), '{}')`,
			`delete from ledger.entries where id = 'led_aaaaaaaaaaaaaaaaaaaaaaaaaa'`),
		sql("no evidence", "ledger", "0 entries backup.drilled",
			`update backups set reason = manifest_sha256, manifest_sha256 = 'x'`, `update backups set manifest_sha256 = reason, reason = ''`),
		sql("other head", "ledger", "the database's head is", `update ledger.head set size = size + 1`, `update ledger.head set size = size - 1`),
		sql("stored hash", "ledger", "the auditor says", `update ledger.hashes set hash = sha256(hash) where idx = 0`,
			`update ledger.hashes set hash = (select leaf_hash from ledger.entries where position = 0) where idx = 0`),
		bucket("segment gone", "ledger", "the mirror 0", func(v *vandal) {
			names, err := harness.Rows(v.Context(), v.world.StewardURL,
				`select format('segments/%s-%s', lpad(from_position::text, 12, '0'), lpad(to_position::text, 12, '0')) from ledger.segments`)
			v.must(err)
			for _, name := range names {
				v.remove(mirror, name)
			}
		}),
		bucket("pointer forged", "ledger", "signature does not hold", func(v *vandal) { v.write(mirror, "work/latest", "a\n1\nb\n") }),
		bucket("pointer gone", "ledger", "no newest checkpoint", func(v *vandal) { v.remove(mirror, "work/latest") }),
		{"scratch database", "drill", "left the database drill_x", func(v *vandal) { v.drill(`create database drill_x`, `drop database drill_x`) }},
		{"scratch role", "drill", "left the role drill_role_x", func(v *vandal) { v.drill(`create role drill_role_x`, `drop role drill_role_x`) }},
		sql("row in the catalogue", "canary", `"person 17" stands in table public.backups`,
			`update backups set reason = 'person 17'`, `update backups set reason = ''`),
		bucket("plaintext in the bucket", "canary", `"PGDMP" stands in object`, func(v *vandal) { v.write(backups, "x", "PGDMP") }),
		bucket("row in an object's name", "canary", `"person 17" stands in object`, func(v *vandal) { v.write(backups, "person 17", "x") }),
		{"row in a log", "canary", "in log of drill, in hex", func(v *vandal) {
			path := filepath.Join(v.world.Dir, "worker-drill.log")
			saved, err := os.ReadFile(path)
			v.must(err)
			v.must(os.WriteFile(path, append(saved, "706572736f6e203137"...), 0o600))
			v.undo = append(v.undo, func() { v.must(os.WriteFile(path, saved, 0o600)) })
		}},
	}
}

// TestCheckWorldFindsEveryCorruption shows that each check can fail: one world in
// order, damaged in one way at a time.
func TestCheckWorldFindsEveryCorruption(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Unchecked: true})
	// A vandal of the bucket is not held back by its retention policy.
	if err := world.Unretain(t.Context(), backups, filesBucket); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := world.BackupFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := world.PruneFiles(t.Context()); err != nil {
		t.Fatal(err)
	}
	damaged(t, world, slices.Concat(corruptions(), fileRowCorruptions(), fileBucketCorruptions()))
}

// damaged damages a world that is in order in one way after the other, and looks for
// each.
func damaged(t *testing.T, world *harness.World, ways []corruption) {
	t.Helper()
	inOrder(t, world)
	// From here on nobody mends what is damaged.
	for _, worker := range world.Workers {
		if err := worker.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	for _, each := range ways {
		v := &vandal{T: t, world: world}
		each.do(v)
		found, err := world.LookFor(context.WithoutCancel(t.Context()), each.check)
		if err != nil {
			t.Errorf("%s: %v", each.name, err)
		}
		if !says(found, each.check, each.says) {
			t.Errorf("%s was not found; found were %v", each.name, found)
		}
		for _, undo := range slices.Backward(v.undo) {
			undo()
		}
	}
	inOrder(t, world)
}

func inOrder(t *testing.T, world *harness.World) {
	t.Helper()
	if err := world.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := world.Look(t.Context())
	if err != nil || len(found) > 0 {
		t.Fatal("the world is not in order: ", found, err)
	}
}

func says(found []harness.Finding, check, text string) bool {
	for _, one := range found {
		if one.Check == check && strings.Contains(one.Text, text) {
			return true
		}
	}
	return false
}

// TestSearchFindsEveryForm plants a canary in each of the forms in which one may
// hide.
func TestSearchFindsEveryForm(t *testing.T) {
	t.Parallel()
	const canary = "Ottoline Canaryhouse-Ñ <5d20>"
	for form, planted := range map[string]string{
		"plain":      "x" + canary + "y",
		"hex":        "x4f74746f6c696e652043616e617279686f7573652dc391203c356432303ey",
		"query":      "?q=Ottoline+Canaryhouse-%C3%91+%3C5d20%3E&",
		"path":       "/o/Ottoline%20Canaryhouse-%C3%91%20%3C5d20%3E/",
		"JSON":       `{"a":"Ottoline Canaryhouse-Ñ \u003c5d20\u003e"}`,
		"base64":     "T3R0b2xpbmUgQ2FuYXJ5aG91c2Utw5EgPDVkMjA+",
		"shifted 1":  "eE90dG9saW5lIENhbmFyeWhvdXNlLcORIDw1ZDIwPnk=",
		"shifted 2":  "eHhPdHRvbGluZSBDYW5hcnlob3VzZS3DkSA8NWQyMD55eQ==",
		"URL base64": "T3R0b2xpbmUgQ2FuYXJ5aG91c2Utw5EgPDVkMjA-",
	} {
		if hits := hidden.Search(map[string][]byte{"sink": []byte(planted)}, []string{canary}); len(hits) == 0 {
			t.Errorf("%s was not found", form)
		}
	}
	if hits := hidden.Search(map[string][]byte{"sink": []byte("Ottoline")}, []string{canary}); len(hits) > 0 {
		t.Error(hits)
	}
}
