// Package doctortest makes a small world that is as the policy needs it: both
// databases, the buckets, the keys, a real backup and a sealed ledger. Tests of
// what looks at the world break it afterwards.
package doctortest

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/backup"
	"steward/internal/casekey"
	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/filebackup"
	"steward/internal/filecatalogue"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/ids"
	"steward/internal/keys"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// World is one company with a policy.
type World struct {
	// Config are the addresses, as the environment would give them.
	Config config.Config
	// Policy was read from Config.Policy.
	Policy *policy.Policy
	// App is the URL of the app database.
	App string
	// Steward is the steward database.
	Steward *postgres.DB
	// Storage holds the buckets of the policy.
	Storage *gcs.Client
	// Server is the emulator behind it.
	Server *gcstest.Server
	// Clock is that of the machine.
	Clock clocks.Clock

	// Identity decrypts what Backup made.
	Identity *age.X25519Identity

	manifests, ledger note.Signer
}

const policyText = `version: 1
company: {name: Example, zone: Europe/Paris}
storage: {backups: example-backups, ledger: example-ledger, files: example-files}
keys:
  manifest: %q
  ledger: %q
promises:
  backups:
    mode: enforce
    at: "02:30"
    done_within: 2h
    catch_up: 20h
    keep: 7d
    tolerance: 2h
    when_backups_stop: keep-last-drilled
    refuse_vulnerable_clients: false
    databases:
      - {name: app, role: app}
      - {name: steward, role: steward}
    files:
      - {name: uploads, bucket: example-uploads}
    recipients:
      - {name: drill, key: %s, escrow: false}
      - {name: safe, key: %s, escrow: true}
  ledger: {mode: enforce, verify_every: 25h, seal_within: 15min}
alerts: [{kind: log}]
`

// NewPolicy makes the policy and the keys, and nothing that needs a service.
func NewPolicy(t testing.TB) *World {
	t.Helper()

	dir := t.TempDir()
	w := &World{Clock: clocks.System(), Config: config.Config{
		Env: policy.Dev, Policy: filepath.Join(dir, "policy.yaml"), KeysDir: filepath.Join(dir, "keys"), Project: "test", Location: "EU",
	}}
	w.makeKeys(t)

	return w
}

// New makes a world whose buckets, databases and keys are right, without a
// backup.
func New(t testing.TB) *World {
	t.Helper()

	w := NewPolicy(t)
	w.App = pgtest.Database(t)
	w.Server = gcstest.Start(t, w.Clock)
	w.Config.StewardDatabase, w.Config.DrillDatabase, w.Config.StorageEmulator = pgtest.Steward(t), pgtest.Drill(t), w.Server.URL()

	var err error
	if w.Steward, err = postgres.Open(t.Context(), w.Config.StewardDatabase); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(w.Steward.Close)

	if w.Storage, err = gcs.Open(t.Context(), gcs.Options{Endpoint: w.Config.StorageEmulator, Project: "test"}); err != nil {
		t.Fatal(err)
	}

	for _, bucket := range guard.Buckets(w.Policy, w.Config.Location) {
		if _, err := w.Storage.Bucket(bucket.Name).Create(t.Context(), bucket.Settings); err != nil {
			t.Fatal(err)
		}
	}

	source := w.Storage.Bucket(w.Policy.Promises.Backups.Files[0].Bucket)
	if _, err := source.Create(t.Context(), gcs.Settings{Location: w.Config.Location}); err != nil {
		t.Fatal(err)
	}

	if _, err := source.Put(t.Context(), "a file", strings.NewReader("of the app"), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	return w
}

// makeKeys writes the keys of the core and backup roles, the master key among them, and the policy with
// their public halves.
func (w *World) makeKeys(t testing.TB) {
	t.Helper()

	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	escrow, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	if err := os.Mkdir(w.Config.KeysDir, 0o700); err != nil {
		t.Fatal(err)
	}

	var manifests, ledger string

	w.manifests, manifests = w.key(t, keys.ManifestSigner)
	w.ledger, ledger = w.key(t, keys.LedgerSigner)
	w.Identity = identity

	master := filepath.Join(w.Config.KeysDir, casekey.MasterFile)
	if err := os.WriteFile(master, []byte(casekey.GenerateMaster()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	text := fmt.Sprintf(policyText, manifests, ledger, identity.Recipient(), escrow.Recipient())
	if err := os.WriteFile(w.Config.Policy, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	if w.Policy, err = policy.Load(w.Config.Policy, policy.Dev); err != nil {
		t.Fatal(err)
	}
}

func (w *World) key(t testing.TB, file string) (signer note.Signer, public string) {
	t.Helper()

	private, public, err := note.GenerateKey(rand.Reader, "example/"+file)
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(filepath.Join(w.Config.KeysDir, file), []byte(private+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	signer, err = note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}

	return signer, public
}

// Backups is the bucket of backups.
func (w *World) Backups() *gcs.Bucket { return w.Storage.Bucket(w.Policy.Storage.Backups) }

// Backup takes a real backup of the app database, not drilled, and seals the
// ledger.
func (w *World) Backup(t testing.TB, day string) catalogue.Backup {
	t.Helper()

	opened, err := catalogue.Open(t.Context(), w.Steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: day, Attempt: ids.New("att"), Owner: "test", OpenedAt: w.Clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}

	taker := backup.Taker{
		Steward: w.Steward, Source: w.App, Bucket: w.Backups(), Recipients: []age.Recipient{w.Identity.Recipient()}, Signer: w.manifests,
		Clock: w.Clock, Owner: "test", Silence: time.Minute, Policy: w.Policy.Hash(),
	}

	taken, err := taker.Take(t.Context(), opened.ID)
	if err != nil {
		t.Fatal(err)
	}

	w.Seal(t)

	return taken
}

// Files takes a real backup of the app's files, not drilled, and seals the ledger.
func (w *World) Files(t testing.TB, day string) filecatalogue.Backup {
	t.Helper()

	set := w.Policy.Promises.Backups.Files[0]

	opened, err := filecatalogue.Open(t.Context(), w.Steward, filecatalogue.Backup{
		ID: ids.New("fbk"), Files: set.Name, Day: day, Attempt: ids.New("att"), Owner: "test", OpenedAt: w.Clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}

	taker := filebackup.Taker{
		Steward: w.Steward, Source: w.Storage.Bucket(set.Bucket), Bucket: w.Storage.Bucket(w.Policy.Storage.Files),
		Recipients: []age.Recipient{w.Identity.Recipient()}, Signer: w.manifests, Clock: w.Clock, Owner: "test", Silence: time.Minute,
		Policy: w.Policy.Hash(),
	}

	taken, err := taker.Take(t.Context(), opened.ID)
	if err != nil {
		t.Fatal(err)
	}

	w.Seal(t)

	return taken
}

// Seal gives every entry of the ledger its position and writes the mirror.
func (w *World) Seal(t testing.TB) {
	t.Helper()

	public, err := note.NewVerifier(w.Policy.Keys.Ledger)
	if err != nil {
		t.Fatal(err)
	}

	mirror := gcsmirror.New(w.Storage.Bucket(w.Policy.Storage.Ledger))
	if _, err := seal.New(w.Steward, mirror, w.ledger, public, w.Clock, seal.Config{}).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}
}
