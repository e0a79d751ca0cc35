package system_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"steward/dev/harness"
)

const (
	replays = "popkit-replay"
	uploads = "demo-app-uploads"
)

// app damages the app's database, and undoes it.
func (v *vandal) app(do, undo string) {
	v.must(harness.Exec(v.Context(), v.world.AppURL, do))
	v.undo = append(v.undo, func() { v.must(harness.Exec(v.Context(), v.world.AppURL, undo)) })
}

// inApp damages the app, and undoes it.
func inApp(name, says, do, undo string) corruption {
	return corruption{name, "erasure", says, func(v *vandal) { v.app(do, undo) }}
}

// of picks the one case at a stage.
func of(stage string) string { return `(select id from erasures where stage = '` + stage + `')` }

// caseCorruptions are of cases and what they keep.
func caseCorruptions() []corruption {
	sql := func(name, says, do, undo string) corruption { return inDatabase(name, "erasure", says, do, undo) }
	saved := func(name, says, table, damage string) corruption {
		do, undo := savedRows(table, damage)
		return sql(name, says, do, undo)
	}
	return []corruption{
		sql("a case on its way", "is still executing", `update erasures set stage = 'executing' where stage = 'waiting'`,
			`update erasures set stage = 'waiting' where stage = 'executing'`),
		saved("alive beside a tombstone", "has a tombstone and is alive", "accounts",
			`update accounts set state = 'alive', closing_case = '', closing_at = null, closed_at = null where state = 'closed'`),
		saved("closed without a tombstone", "is closed without a tombstone", "accounts", `update accounts set state = 'closed',
			closing_case = `+of("cancelled")+`, closing_at = now(), closed_at = now() where state = 'alive'`),
		saved("left in its closing", "is closing without a tombstone", "accounts", `update accounts set state = 'closing',
			closing_case = `+of("cancelled")+`, closing_at = now() where state = 'alive'`),
		sql("the app was told last that it is closed", "told last that the account is closed",
			`update erasures set app = 'closed' where stage = 'cancelled'`, `update erasures set app = '' where stage = 'cancelled'`),
		sql("a key that was not destroyed", "has ended, and its key is there",
			`insert into case_keys select `+of("done")+`, master, wrapped, made_at, ends_at from case_keys where case_id = `+of("waiting"),
			`delete from case_keys where case_id = `+of("done")),
		saved("a key too early destroyed", "is open and has 0 keys", "case_keys", `delete from case_keys where case_id = `+of("waiting")),
		sql("identities that were not destroyed", "has ended, and 1 sealed rows", `insert into erasure_subjects (erasure, sealed) values (`+of("done")+`, 'x')`,
			`delete from erasure_subjects where erasure = `+of("done")),
		sql("frozen keys that were not destroyed", "has ended, and 1 sealed rows",
			`insert into erasure_frozen (erasure, name, chunk, sealed) values (`+of("cancelled")+`, 'x', 0, 'x')`,
			`delete from erasure_frozen where erasure = `+of("cancelled")),
		sql("a key of pseudonyms that was not destroyed", "has ended, and 1 sealed rows",
			`insert into pseudonym_keys (erasure, sealed, made_at) values (`+of("done")+`, repeat('x', 40)::bytea, now())`,
			`delete from pseudonym_keys where erasure = `+of("done")),
		saved("a replay record that is not gone", "its replay record is not gone", "replay_records",
			`update replay_records set gone_at = null where erasure = `+of("done")),
		saved("a replay record too early gone", "is decided and has 0 replay records", "replay_records",
			`update replay_records set gone_at = written_at where erasure = `+of("waiting")),
	}
}

// tombstoneCorruptions are of the decisions and of what is kept for a restore.
func tombstoneCorruptions() []corruption {
	saved := func(name, says, table, damage string) corruption {
		do, undo := savedRows(table, damage)
		return inDatabase(name, "erasure", says, do, undo)
	}
	bucket := func(name, says string, do func(*vandal)) corruption { return inBucket(name, "erasure", says, do) }
	return []corruption{
		saved("no tombstone", "has 0 tombstones, and the ledger 1 of it", "erasure_tombstones", `delete from erasure_tombstones where erasure = `+of("done")),
		saved("another tombstone", "and the ledger 1 of it", "erasures", `update erasures set tombstone = tombstone || 'x' where stage = 'done'`),
		saved("a tombstone of a cancelled case", "is cancelled and has 1 tombstones", "erasure_tombstones",
			`update erasure_tombstones set erasure = `+of("cancelled")+` where erasure = `+of("done")),
		saved("a tombstone of nobody", "which is no case", "erasures", `delete from erasures where stage = 'done'`),
		saved("not sealed", "its tombstone is not sealed", "erasure_tombstones", `update erasure_tombstones set sealed_at = null, position = null`),
		bucket("a replay record of nobody", "is of no case", func(v *vandal) { v.write(replays, "erasures/x/replay", "x") }),
		bucket("a replay record that is there", "is done and has 1 replay records in the bucket", func(v *vandal) {
			v.write(replays, "erasures/"+v.caseAt("done")+"/replay", "x")
		}),
		bucket("a replay record that is lost", "has 0 replay records in the bucket", func(v *vandal) {
			v.remove(replays, "erasures/"+v.caseAt("waiting")+"/replay")
		}),
		inBucket("a canary in a replay record", "canary", "stands in object popkit-replay/", func(v *vandal) {
			v.write(replays, "erasures/"+v.caseAt("waiting")+"/replay", harness.Canary)
		}),
	}
}

// caseAt is the id of the one case at a stage.
func (v *vandal) caseAt(stage string) string {
	return v.one(`select id from erasures where stage = $1`, stage)
}

// appCorruptions are of what is left of whoever was erased, and of what others had.
func appCorruptions(erased, living harness.Account) []corruption {
	bucket := func(name, says string, do func(*vandal)) corruption { return inBucket(name, "erasure", says, do) }
	return []corruption{
		inApp("left in a table", "stands in the dump of the app", `insert into club.tiers values ('Club of Canaryclub `+erased.ID+`', 0)`,
			`delete from club.tiers where name like '%Canaryclub%'`),
		inApp("left in a large object", "stands in the dump of the app, in hex",
			`select lo_from_bytea(4711, convert_to('/canary/Canaryclub page `+erased.ID+`/1', 'UTF8'))`, `select lo_unlink(4711)`),
		inApp("left in statistics", "stands in the statistics of the app", `create table club.samples as
				select 'Club of Canaryclub `+erased.ID+`'::text as name from generate_series(1, 50); analyze club.samples; truncate club.samples`,
			`drop table club.samples`),
		inApp("another's row changed", "rows of the account "+living.ID+" have changed",
			`update club.visits set page = page || 'x' where account = `+living.ID+` and member = 1`,
			`update club.visits set page = rtrim(page, 'x') where account = `+living.ID+` and member = 1`),
		inApp("another's row gone", "rows of the account "+living.ID+" have changed",
			`create table saved as table club.files; delete from club.files where account = `+living.ID,
			`insert into club.files overriding system value table saved except table club.files; drop table saved`),
		inApp("another is closed in the app", "rows of the account "+living.ID+" have changed",
			`update club.accounts set closed_at = now() where id = `+living.ID, `update club.accounts set closed_at = null where id = `+living.ID),
		bucket("left in the bucket", "its object is in the bucket", func(v *vandal) { v.write(uploads, erased.Object, "x") }),
		bucket("left below the prefix", "below its prefix lies an object", func(v *vandal) { v.write(uploads, erased.Nameless, "x") }),
		bucket("another's object without a row gone", "has 0 objects that no row names", func(v *vandal) { v.remove(uploads, living.Nameless) }),
		bucket("another's object gone", "has 0 objects", func(v *vandal) { v.remove(uploads, living.Object) }),
		bucket("another's object changed", "the object of the account "+living.ID+" has changed", func(v *vandal) { v.write(uploads, living.Object, "x") }),
	}
}

// certificateCorruptions are of certificates, signed anew where only what they say is wrong.
func certificateCorruptions() []corruption {
	forged := func(name, says string, change func(v *vandal, certificate map[string]any)) corruption {
		return corruption{name, "erasure", says, func(v *vandal) {
			do, undo := savedRows("erasure_certificates", `update erasure_certificates set file = '`+
				strings.ReplaceAll(v.forge(change), "'", "''")+`' where kind = 'final'`)
			v.sql(do, undo)
		}}
	}
	stored := func(name, says, damage string) corruption {
		do, undo := savedRows("erasure_certificates", damage)
		return inDatabase(name, "erasure", says, do, undo)
	}
	tombstone := func(certificate map[string]any) map[string]any {
		found, _ := certificate["tombstone"].(map[string]any)
		return found
	}
	return []corruption{
		stored("no final certificate", "has the certificates", `delete from erasure_certificates where kind = 'final'`),
		stored("no first certificate", "is waiting and has the certificates", `delete from erasure_certificates where erasure = `+of("waiting")),
		stored("another file", "the signature is over something else", `update erasure_certificates set file = replace(file, 'Popkit', 'Popcat')`),
		stored("another signature", "a signature does not hold", `update erasure_certificates set file = replace(file, '— ', '— x')`),
		forged("of another erasure", "it is of another erasure", func(_ *vandal, c map[string]any) { c["erasure"] = "era_x" }),
		forged("another entry", "the mirror has another entry there", func(_ *vandal, c map[string]any) { tombstone(c)["position"] = 0 }),
		forged("another ledger", "its checkpoint is of another ledger", func(v *vandal, c map[string]any) {
			proof, _ := tombstone(c)["proof"].(string)
			head, checkpoint, _ := strings.Cut(proof, "\n\n")
			text, _, _ := strings.Cut(checkpoint, "\n\n")
			lines := strings.Split(text, "\n")
			lines[2] = strings.Repeat("A", 43) + "="
			tombstone(c)["proof"] = head + "\n\n" + v.sign("ledger.key", strings.Join(lines, "\n")+"\n")
		}),
	}
}

// sign signs a text with a key of the core role.
func (v *vandal) sign(key, text string) string {
	secret, err := os.ReadFile(filepath.Join(v.world.Dir, "keys", "core", key))
	v.must(err)
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	v.must(err)
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	v.must(err)
	return string(signed)
}

// forge gives the final certificate, changed and signed anew.
func (v *vandal) forge(change func(*vandal, map[string]any)) string {
	var file struct {
		Certificate map[string]any `json:"certificate"`
		Note        string         `json:"note"`
	}
	v.must(json.Unmarshal([]byte(v.one(`select file from erasure_certificates where kind = 'final'`)), &file))
	change(v, file.Certificate)
	plain, err := json.Marshal(file.Certificate)
	v.must(err)
	file.Note = v.sign("certificate.key", fmt.Sprintf("steward-certificate/1\n%x\n", sha256.Sum256(plain)))
	text, err := json.Marshal(map[string]any{"certificate": json.RawMessage(plain), "note": file.Note})
	v.must(err)
	return string(bytes.TrimSpace(text))
}

// TestCheckWorldFindsEveryCorruptionOfErasures shows that each check of erasures can fail: a world with a case that is
// done, one that waits, one that was cancelled, and accounts that nobody touched.
func TestCheckWorldFindsEveryCorruptionOfErasures(t *testing.T) {
	t.Parallel()
	options := erasing()
	options.Unchecked = true
	world := harness.New(t, options)
	done, waiting, cancelled := added(t, world), added(t, world), added(t, world)
	if _, err := world.Erase(t.Context(), done.ID); err != nil {
		t.Fatal(err)
	}
	opened(t, world, waiting, "waiting")
	stopped := asked(t, world, cancelled)
	cancel(t, world, stopped)
	await(t, world, stopped, "cancelled")
	ways := append(caseCorruptions(), tombstoneCorruptions()...)
	ways = append(ways, appCorruptions(done, cancelled)...)
	damaged(t, world, append(ways, certificateCorruptions()...))
}
