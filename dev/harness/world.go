package harness

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"go.temporal.io/sdk/client"

	"steward/dev/internal/devkeys"
	"steward/dev/internal/ports"
	"steward/internal/clocks"
	"steward/internal/due"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/mail/mailtest"
	"steward/internal/pgtest"
	"steward/internal/policy"
)

// Together are the processes of `make up`; Apart gives the ledger's sequencer,
// which polls on a clock of its own, a process of its own, so that its calls can
// be told from those of the backup.
func Together() []string { return []string{"core,backup", "drill"} }

// Apart is one process for each role.
func Apart() []string { return []string{"core", "backup", "drill"} }

// DefaultScale shortens production's timeouts: a minute without a heartbeat
// becomes 600 ms, half an hour without progress 18 s.
const DefaultScale = 0.01

// Agent is what the harness calls itself to the storage, so that a fault can let it pass.
const Agent = "steward-harness"

// Options say what world a test wants. The zero value is the usual one.
type Options struct {
	// Processes are the roles of each worker process; nil means Together.
	Processes []string
	// Fill puts data into the app's database as its superuser; nil means a handful
	// of tables.
	Fill func(ctx context.Context, admin string) error
	// Files are the app's files at the start, by name; nil means a handful.
	Files map[string]string
	// Copies adds a second location to the policy, with its bucket, CopiesBucket.
	Copies bool
	// Messages adds a worker of the role vendors in a process of its own, with a mail
	// server that keeps every mail and a place for the app's webhooks.
	Messages bool
	// API adds the process of the API.
	API bool
	// Erase adds a worker of the role erase in a process of its own, and the API, which erasures are asked of. The world has
	// an app of its own, a data map of it, and a policy under which an erasure gets to its end; its clock begins
	// years ago.
	Erase bool
	// Undrilled gives the world no drill cluster: it makes no backups.
	Undrilled bool
	// Temporal gives the world a server of its own, which LoseTemporal may take its databases from.
	Temporal bool
	// Policy changes the text of the clone's policy; nil leaves it.
	Policy func(text []byte) []byte
	// Scale multiplies timeouts; 0 means DefaultScale.
	Scale float64
	// Wire puts a proxy that counts and cuts before each cluster.
	Wire bool
	// Own gives the world two clusters of its own, each on its own disk where that
	// is allowed, so that they can be killed and filled.
	Own bool
	// Canaries are strings of the data that must not show up anywhere.
	Canaries []string
	// Unchecked leaves CheckWorld to the test, which corrupts its world.
	Unchecked bool
	// Open are the days that the test leaves without a good backup, as
	// "database day", "files/uploads day" or "copies/far/database day", and the mails and deliveries that it leaves
	// waiting, as "mail id" or "delivery id"; CheckWorld finds any other.
	Open []string
}

// World is everything that one test needs, and nothing that another one sees.
type World struct {
	// Seed is that of the run, for reports.
	Seed Seed
	// Dir holds logs, keys, clock and policy.
	Dir string
	// Clock is the path of the dev clock's file.
	Clock string
	// Rules is the policy in force.
	Rules *policy.Policy
	// Keys are the public keys.
	Keys devkeys.Public
	// AppURL, StewardURL and DrillURL are superusers' URLs that pass no proxy; the last
	// is empty with Options.Undrilled.
	AppURL, StewardURL, DrillURL string
	// Main and Drill are the world's own clusters, and MainDisk and DrillDisk their
	// disks; all nil unless Options.Own, the disks also where none may be mounted.
	Main, Drill         *pgtest.Cluster
	MainDisk, DrillDisk *pgtest.Disk
	// MainWire and DrillWire are the proxies, nil unless Options.Wire.
	MainWire, DrillWire *Wire
	// Storage is the GCS emulator; Bucket is its official client.
	Storage *gcstest.Server
	Bucket  *storage.Client
	// Mails is the mail server, Hooks where the app's webhooks go; nil unless Options.Messages.
	Mails *mailtest.Server
	Hooks *Hooks
	// API is the address of the API, such as http://127.0.0.1:8480; empty unless Options.API.
	API string
	// Callers are who calls the API; empty unless Options.Erase.
	Callers Callers
	// Namespace is Temporal's; Temporal is a raw client for it.
	Namespace string
	Temporal  client.Client
	// Gate decides how outside calls end.
	Gate *Gate
	// Workers are the processes by their roles.
	Workers map[string]*Worker
	// Restored are buckets into which the test restored the app's files: they are the app's, as its own is.
	Restored []string
	// Options are those that the test gave.
	Options Options

	temporal *ownTemporal      // nil unless Options.Temporal
	metrics  map[string]string // addresses of /metrics by roles
	// proven are archives that were read to their end, by name and generation;
	proven   map[string]string
	searched searched
	read     map[string][]byte // objects by name and generation
	opened   map[string][]byte // contents of files in the clear, by name and hash
	// filesPruned is when the newest prune of files began that ended well, pruned that
	// of backups.
	filesPruned, pruned time.Time
	// expired is when the newest end of own records began that ended well.
	expired time.Time
	// accounts are those of the app of a world that erases.
	accounts []Account
	// ends is when the row goes of each mail and each delivery that was ever seen, by
	// Message-ID, or by event and endpoint.
	ends map[string]time.Time
}

// New brings up a world for t. When t ends, the world is looked through by
// CheckWorld and then taken down; if t failed, a report is kept.
func New(t testing.TB, options Options) *World {
	t.Helper()
	shared.start(t)
	if options.Processes == nil {
		options.Processes = Together()
	}
	if options.Scale == 0 {
		options.Scale = DefaultScale
	}
	if options.Erase {
		options.API, options.Fill = true, fillClub
	}
	w := &World{
		Seed: TestSeed(), Dir: t.TempDir(), Options: options, Workers: map[string]*Worker{}, Namespace: newID("ns"),
		metrics: map[string]string{}, proven: map[string]string{}, read: map[string][]byte{}, opened: map[string][]byte{},
		ends: map[string]time.Time{},
	}
	w.Clock = filepath.Join(w.Dir, "clock")
	if options.Erase {
		w.prepareErasing(t)
	}
	w.makeKeys(t)
	if options.Own {
		w.ownClusters(t)
	}
	w.makeDatabases(t, options.Fill)
	if !options.Undrilled {
		w.DrillURL = w.drillCluster(t).URL("postgres")
	}
	w.makeBuckets(t)
	w.makeFiles(t)
	if options.Temporal {
		w.startTemporal(t)
	}
	w.dialTemporal(t)
	w.Gate = NewGate(t)
	if options.Wire {
		w.MainWire, w.DrillWire = newWire(t, w.StewardURL), newWire(t, w.DrillURL)
	}
	if options.Messages {
		w.Mails, w.Hooks = mailtest.Start(t, mailtest.Options{}), newHooks(t)
	}
	w.startWorkers(t)
	if options.Erase {
		w.makeCallers(t)
		w.makeNeighbour(t)
	}
	t.Cleanup(func() { w.end(t) })
	return w
}

// end is the last thing that happens while everything still runs.
func (w *World) end(t testing.TB) {
	t.Helper()
	if !w.Options.Unchecked && !t.Failed() {
		CheckWorld(t, w)
	}
	for _, worker := range w.Workers {
		for _, odd := range worker.Odd() {
			t.Error(odd)
		}
	}
	if t.Failed() {
		w.Report(t)
	}
}

// makeKeys makes keys and the policy that pins them.
func (w *World) makeKeys(t testing.TB) {
	t.Helper()
	var err error
	if w.Keys, err = devkeys.Ensure(filepath.Join(w.Dir, "keys")); err != nil {
		t.Fatal(err)
	}
	tracked, err := os.ReadFile(filepath.Join(shared.root, "policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	filled, err := policy.Fill(tracked, map[string]string{
		"LEDGER_KEY": w.Keys.LedgerVerifier, "MANIFEST_KEY": w.Keys.ManifestVerifier, "CERTIFICATE_KEY": w.Keys.CertificateVerifier,
		"DRILL_RECIPIENT": w.Keys.DrillRecipient, "ESCROW_RECIPIENT": w.Keys.EscrowRecipient,
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.Options.Copies {
		filled = withCopies(filled)
	}
	if w.Options.Erase {
		filled = erasingPolicy(filled)
	}
	if w.Options.Policy != nil {
		filled = w.Options.Policy(filled)
	}
	path := filepath.Join(w.Dir, "policy.yaml")
	if err := os.WriteFile(path, filled, 0o600); err != nil {
		t.Fatal(err)
	}
	if w.Rules, err = policy.Load(path, policy.Dev); err != nil {
		t.Fatal(err)
	}
}

func (w *World) startWorkers(t testing.TB) {
	t.Helper()
	processes := w.Options.Processes
	if w.Options.Messages {
		processes = append(slices.Clone(processes), devkeys.Vendors)
	}
	if w.Options.Erase {
		processes = append(slices.Clone(processes), devkeys.Erase)
	}
	for _, roles := range processes {
		run := program{path: shared.worker, args: []string{"--role", roles}, word: `"worker ready"`}
		w.Workers[roles] = startWorker(t, roles, w.Dir, run, w.environment(t, roles))
	}
	if w.Options.API {
		w.startAPI(t)
	}
	for _, worker := range w.Workers {
		worker.waitReady(t)
	}
}

// environment is all that a worker gets: addresses, and the secrets of its roles.
func (w *World) environment(t testing.TB, list string) []string {
	t.Helper()
	roles := strings.Split(list, ",")
	keys, err := devkeys.For(filepath.Join(w.Dir, "keys"), roles...)
	if err != nil {
		t.Fatal(err)
	}
	w.metrics[list] = net.JoinHostPort(ports.Host, strconv.Itoa(shared.port(t)))
	login := "test_" + strings.Join(roles, "_")
	environment := []string{
		"STEWARD_ENV=dev", "STEWARD_POLICY=" + filepath.Join(w.Dir, "policy.yaml"), "STEWARD_KEYS_DIR=" + keys,
		"STEWARD_DATAMAP=" + w.dataMap(),
		"STEWARD_DATABASE_URL=" + as(w.StewardURL, login, w.MainWire.Address()),
		"TEMPORAL_ADDRESS=" + w.temporalAddress(), "TEMPORAL_NAMESPACE=" + w.Namespace,
		"STORAGE_EMULATOR_HOST=" + strings.TrimSuffix(w.Storage.URL(), "/storage/v1/"), "STEWARD_DEV_CLOCK=" + w.Clock,
		"STEWARD_TIMEOUT_SCALE=" + strconv.FormatFloat(w.Options.Scale, 'g', -1, 64), "STEWARD_FAULT_GATE=" + w.Gate.URL(),
		"STEWARD_PG_BIN=" + shared.bin, "STEWARD_LISTEN=" + w.metrics[list], "TMPDIR=" + w.Dir,
	}
	for _, role := range roles {
		switch role {
		case devkeys.Backup:
			environment = append(environment, "APP_DATABASE_URL="+as(w.AppURL, login, w.MainWire.Address()))
		case devkeys.Drill:
			environment = append(environment, "DRILL_DATABASE_URL="+as(w.DrillURL, drillAdmin, w.DrillWire.Address()))
		case devkeys.Erase:
			environment = append(environment, "APP_ERASE_DATABASE_URL="+as(w.AppURL, login, w.MainWire.Address()))
		case devkeys.Vendors:
			environment = append(environment, "STEWARD_SMTP_URL="+w.Mails.URL())
		}
	}
	return environment
}

// Now is the dev clock's time.
func (w *World) Now() time.Time { return clocks.Dev(w.Clock).Now() }

// Today is the business day of a backup by hand.
func (w *World) Today() string {
	return due.Window{Zone: w.Rules.Company.Zone, At: w.Rules.Promises.Backups.At}.Today(w.Now()).String()
}

// Move sets the dev clock forward, or back if d is negative.
func (w *World) Move(d time.Duration) error {
	offset, err := clocks.Read(w.Clock)
	if err == nil {
		err = clocks.Write(w.Clock, offset+d)
	}
	if err != nil {
		return fmt.Errorf("moving the clock: %w", err)
	}
	return nil
}
