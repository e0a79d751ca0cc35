package system_test

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"steward/dev/harness"
	"steward/dev/internal/hidden"
	"steward/internal/backuptest"
	"steward/internal/pgtest"
)

// TestYesterdaysBackupIsErasedAgain takes a backup while two accounts live, erases both, and restores the backup by hand as
// docs/backup.md says. `steward replay` then erases in the restored database what was erased since: whose record
// is forged is named, is not erased, and keeps nobody else; the record put right, nothing of the two is left, and all else
// is, line by line, what the backup brought. A second replay changes nothing.
func TestYesterdaysBackupIsErasedAgain(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Erase: true})
	first, second := added(t, world), added(t, world)
	taken, err := world.Backup(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	files := world.Rules.Promises.Backups.Files[0].Bucket
	brought := restoredBucket(t, world, files, "brought-back")
	forged := opened(t, world, first, "waiting") // decided first, so that the other one stands behind it
	opened(t, world, second, "waiting")

	r := &restored{T: t, world: world, command: commandIn(t, world, buildSteward(t))}
	r.byHand(taken.Day)
	backup := r.dump()
	for _, account := range []harness.Account{first, second} {
		if found := canaries(backup, account); found != len(account.Canaries) {
			t.Fatalf("the backup has brought back %d canaries of the account %s", found, account.ID)
		}
	}

	r.refuses(forged, second, first)
	if results, _ := r.replay(exitOK); len(results.Results) != 2 || len(results.Refused) != 0 {
		t.Errorf("%+v", results)
	}
	erased := r.dump()
	if diff := lines(without(backup, first, second), erased); diff != "" {
		t.Errorf("what others have is not what the backup brought: %s", diff)
	}
	for _, hit := range hidden.Search(r.sinks(), slices.Concat(first.Canaries, second.Canaries)) {
		t.Error("after the replay ", hit)
	}

	results, _ := r.replay(exitOK)
	for _, again := range results.Results {
		if again.Outcome.Kind != "nothing-found" || len(again.Left) != 0 {
			t.Errorf("the second time: %+v", again)
		}
	}
	if !bytes.Equal(erased, r.dump()) {
		t.Error("the second replay has changed something")
	}
	r.inBuckets(files, "brought-back", brought, first, second)
}

// restored is a database that was restored by hand.
type restored struct {
	*testing.T

	world   *harness.World
	command steward
	at      string // its URL, as superuser
}

func (r *restored) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// byHand restores the backup of a day, with the escrow's identity, in a cluster where nothing is.
func (r *restored) byHand(day string) {
	r.Helper()
	hand, cluster := backuptest.NewByHand(r.T), pgtest.Own(r.T)
	hand.Into(cluster)
	bucket := r.world.Rules.Storage.Backups
	hand.Values["bucket"], hand.Values["database"], hand.Values["day"] = bucket, "app", day
	hand.Values["manifest_key"] = r.world.Keys.ManifestVerifier
	hand.Values["identity"] = filepath.Join(r.world.Dir, "keys", "escrow", "backup.identity")
	hand.Download(r.T, bucket, r.objects(bucket))
	if output, err := hand.Restore(r.T); err != nil {
		r.Fatalf("restoring by hand: %v\n%s", err, output)
	}
	source, err := url.Parse(r.world.AppURL)
	r.must(err)
	r.at = cluster.URL(source.Path[1:])
	// Whoever restores has the keys of the drill, and a login that may erase in the app's database.
	login, err := url.Parse(r.at)
	r.must(err)
	login.User = url.User("test_erase")
	r.command = r.command.set("STEWARD_RESTORED_DATABASE_URL="+login.String(), "STEWARD_DATAMAP="+filepath.Join(r.world.Dir, "datamap.yaml"),
		"STEWARD_KEYS_DIR="+filepath.Join(r.world.Dir, "keys", "drill"))
}

// objects are those of a bucket, with what they hold.
func (r *restored) objects(bucket string) (found []backuptest.Object) {
	r.Helper()
	listed := r.world.Bucket.Bucket(bucket).Objects(r.Context(), nil)
	for {
		attrs, err := listed.Next()
		if attrs == nil {
			if len(found) == 0 {
				r.Fatal("there is nothing to restore: ", err)
			}
			return found
		}
		reader, err := r.world.Bucket.Bucket(bucket).Object(attrs.Name).NewReader(r.Context())
		r.must(err)
		content, err := io.ReadAll(reader)
		r.must(err)
		r.must(reader.Close())
		found = append(found, backuptest.Object{Name: attrs.Name, Generation: attrs.Generation, Content: content})
	}
}

// sinks are the whole dump of the restored database, and what its statistics have.
func (r *restored) sinks() map[string][]byte {
	r.Helper()
	found, err := r.world.DumpApp(r.Context(), r.at)
	r.must(err)
	return found
}

// dump is the text of the restored database, without the words that pg_dump draws for each dump.
func (r *restored) dump() (text []byte) {
	r.Helper()
	for line := range bytes.Lines(r.sinks()[harness.DumpedApp]) {
		if !bytes.HasPrefix(line, []byte(`\restrict `)) && !bytes.HasPrefix(line, []byte(`\unrestrict `)) {
			text = append(text, line...)
		}
	}
	return text
}

// replayed is what replay run says.
type replayed struct {
	Hash     string
	Erasures []struct{ Erasure string }
	Results  []struct {
		Erasure string
		Outcome struct{ Kind string }
		Left    []struct{}
	}
	Refused []struct{ Erasure, Code string }
}

// replay does what an operator does: looks at the list, and has that list done.
func (r *restored) replay(exit int) (results replayed, errs string) {
	r.Helper()
	var shown replayed
	r.command.read(r.T, &shown, exitOK, "replay", "run", "--database", "app")
	errs = r.command.read(r.T, &results, exit, "replay", "run", "--database", "app", "--execute", shown.Hash)
	return results, errs
}

// refuses puts forged records in place of that of a case, one after the other, and at last the true one. None of them is
// believed; the other account is erased the first time.
func (r *restored) refuses(id string, other, account harness.Account) {
	r.Helper()
	bucket, name := r.world.Bucket.Bucket(r.world.Rules.Storage.Replay), "erasures/"+id+"/replay"
	stored := r.objects(r.world.Rules.Storage.Replay)
	stored = slices.DeleteFunc(stored, func(one backuptest.Object) bool { return one.Name != name })
	if len(stored) != 1 {
		r.Fatalf("%d records of the case", len(stored))
	}
	sealed := stored[0].Content
	for _, way := range r.forgeries(sealed) {
		r.put(bucket.Object(name), id, way)
		results, errs := r.replay(way.exit)
		if len(results.Refused) != 1 || results.Refused[0].Erasure != id || results.Refused[0].Code != way.code || len(results.Results) != 1 ||
			results.Results[0].Erasure == id || !strings.Contains(errs, way.code) || !strings.Contains(errs, id) {
			r.Errorf("%s: %+v, %s", way.name, results, errs)
		}
		text := r.dump()
		if mine, others := canaries(text, account), canaries(text, other); mine != len(account.Canaries) || others != 0 {
			r.Errorf("%s: %d canaries of the account are there, and %d of the other", way.name, mine, others)
		}
	}
	r.put(bucket.Object(name), id, forgery{content: sealed, known: true})
}

// forgery is something in place of a record.
type forgery struct {
	name    string
	content []byte
	known   bool // the catalogue was made to say that this is the record
	code    string
	exit    int
}

// forgeries are of whoever writes the bucket, and of whoever has the steward database and the public half of the key too.
func (r *restored) forgeries(record []byte) []forgery {
	r.Helper()
	identity := r.identity()
	opened, err := age.Decrypt(bytes.NewReader(record), identity)
	r.must(err)
	unpacked, err := zstd.NewReader(opened)
	r.must(err)
	defer unpacked.Close()
	plain, err := io.ReadAll(unpacked)
	r.must(err)
	stranger, err := age.GenerateX25519Identity()
	r.must(err)
	changed := bytes.Replace(plain, []byte(`"kind":"account"`), []byte(`"kind":"Account"`), 1)
	if bytes.Equal(changed, plain) {
		r.Fatalf("a record has no kind: %.80s", plain)
	}
	return []forgery{
		{"another object", r.seal(changed, identity), false, "object_not_found", exitFailed},
		{"another MAC", r.seal(changed, identity), true, "replay_invalid", exitBroken},
		{"another seal", r.seal(plain, stranger), true, "decrypt_failed", exitBroken},
		{"a cut seal", record[:len(record)-1], true, "archive_invalid", exitBroken},
	}
}

// identity is the replay key.
func (r *restored) identity() *age.X25519Identity {
	r.Helper()
	text, err := os.ReadFile(filepath.Join(r.world.Dir, "keys", "drill", "replay.identity"))
	r.must(err)
	identity, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	r.must(err)
	return identity
}

// seal packs and seals a record as Steward does.
func (r *restored) seal(plain []byte, to *age.X25519Identity) []byte {
	r.Helper()
	var out bytes.Buffer
	sealer, err := age.Encrypt(&out, to.Recipient())
	r.must(err)
	packer, err := zstd.NewWriter(sealer)
	r.must(err)
	_, err = packer.Write(plain)
	r.must(err)
	r.must(packer.Close())
	r.must(sealer.Close())
	return out.Bytes()
}

// put writes an object in place of a record and, if it is to be known, has the catalogue say so, past all triggers.
func (r *restored) put(object *storage.ObjectHandle, id string, way forgery) {
	r.Helper()
	writer := object.NewWriter(r.Context())
	_, err := writer.Write(way.content)
	r.must(err)
	r.must(writer.Close())
	if !way.known {
		return
	}
	v := &vandal{T: r.T, world: r.world}
	v.sql(fmt.Sprintf(`update replay_records set generation = %d, bytes = %d, sha256 = encode(sha256(decode('%x', 'hex')), 'hex') where erasure = '%s'`,
		writer.Attrs().Generation, len(way.content), way.content, id), "")
}

// canaries counts those of an account that stand in a dump.
func canaries(dump []byte, account harness.Account) (found int) {
	for _, canary := range account.Canaries {
		if bytes.Contains(dump, []byte(canary)) {
			found++
		}
	}
	return found
}

// without is a dump but for the lines of some accounts: each of their rows has the account's key.
func without(dump []byte, accounts ...harness.Account) (kept []byte) {
	for line := range bytes.Lines(dump) {
		if !slices.ContainsFunc(accounts, func(account harness.Account) bool { return bytes.Contains(line, []byte(account.ID)) }) {
			kept = append(kept, line...)
		}
	}
	return kept
}

// lines says where two dumps differ first, "" if nowhere.
func lines(want, got []byte) string {
	wanted, found := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
	for i := range max(len(wanted), len(found)) {
		if i >= len(wanted) || i >= len(found) || !bytes.Equal(wanted[i], found[i]) {
			return fmt.Sprintf("line %d of %d and %d", i+1, len(wanted), len(found))
		}
	}
	return ""
}
