// Package filestest gives tests a world in which files are really backed up: a
// bucket of the app, a steward database, a bucket for contents, a taker, a driller
// and a remover that fit together, and one clock. The package of a test that uses it
// calls pgtest.Main from its TestMain.
package filestest

import (
	"bytes"
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/filebackup"
	"steward/internal/filecatalogue"
	"steward/internal/filedrill"
	"steward/internal/filemanifest"
	"steward/internal/fileprune"
	"steward/internal/fileremoval"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// Start is what the clock of a fresh world shows.
func Start() time.Time { return time.Date(2026, 11, 22, 2, 30, 0, 0, time.UTC) }

// Bench is one world. Its fields may be changed before they are used.
type Bench struct {
	// Place is where another process finds it.
	Place Place
	// Steward is the steward database as its owner sees it; URL leads to it.
	Steward *postgres.DB
	URL     string
	// Clock is everybody's, the storage's too.
	Clock *gcstest.Clock
	// Storage is the emulator, for faults.
	Storage *gcstest.Server
	// Client reads and writes buckets as Steward does.
	Client *gcs.Client
	// Source is the app's bucket, Bucket that of the contents.
	Source, Bucket *gcs.Bucket
	// Signer signs what Taker makes, and what a forger might.
	Signer note.Signer
	// Taker, Driller and Remover belong together.
	Taker   *filebackup.Taker
	Driller *filedrill.Driller
	Remover *fileremoval.Remover
}

// New makes a world without files.
func New(t testing.TB) *Bench {
	t.Helper()

	clock := gcstest.NewClock(Start())
	storage := gcstest.Start(t, clock)

	identity, err := age.GenerateX25519Identity()
	check(t, err)

	private, public, err := note.GenerateKey(rand.Reader, "manifest")
	check(t, err)

	b := Join(t, Place{
		Steward: pgtest.Steward(t), Storage: storage.URL(), Identity: identity.String(), Signer: private, Verifier: public, At: Start(),
	})
	b.Storage, b.Clock = storage, clock
	b.Taker.Clock, b.Driller.Clock = clock, clock

	b.Source, b.Bucket = b.Made(t, appBucket), b.Made(t, ownBucket)

	return b
}

// The buckets of a world.
const (
	appBucket = "app-uploads"
	ownBucket = "steward-files"
)

// Place is all that another process needs to work in a world.
type Place struct {
	// Steward is the URL of the steward database, Storage that of the storage stand-in.
	Steward, Storage string
	// Identity, Signer and Verifier are the world's keys as texts.
	Identity, Signer, Verifier string
	// At is what the clock shows; from there on each process has a clock of its own.
	At time.Time
}

// Join works in a world that stands: its Storage is nil.
func Join(t testing.TB, place Place) *Bench {
	t.Helper()

	b := &Bench{Place: place, URL: place.Steward, Clock: gcstest.NewClock(place.At)}

	var err error

	b.Steward, err = postgres.Open(t.Context(), b.URL)
	check(t, err)
	t.Cleanup(b.Steward.Close)

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: place.Storage, Project: "test",
		Patience: gcs.Patience{Call: 5 * time.Second, Chunk: 5 * time.Second, Transfer: 2 * time.Second},
	})
	check(t, err)
	t.Cleanup(func() { check(t, client.Close()) })

	b.Client = client
	b.Source, b.Bucket = client.Bucket(appBucket), client.Bucket(ownBucket)
	b.equip(t)

	return b
}

// equip makes a taker, a driller and a remover that fit together.
func (b *Bench) equip(t testing.TB) {
	t.Helper()

	identity, err := age.ParseX25519Identity(b.Place.Identity)
	check(t, err)
	b.Signer, err = note.NewSigner(b.Place.Signer)
	check(t, err)
	verifier, err := note.NewVerifier(b.Place.Verifier)
	check(t, err)
	keep, err := calendar.ParseDuration("7d")
	check(t, err)

	b.Taker = &filebackup.Taker{
		Steward: b.Steward, Source: b.Source, Bucket: b.Bucket, Recipients: []age.Recipient{identity.Recipient()},
		Signer: b.Signer, Clock: b.Clock, Owner: "test", Silence: time.Minute,
	}
	b.Driller = &filedrill.Driller{
		Steward: b.Steward, Bucket: b.Bucket, Identities: []age.Identity{identity}, Verifier: verifier, Clock: b.Clock,
	}
	b.Remover = &fileremoval.Remover{
		Steward: b.Steward, Bucket: b.Bucket, Enforce: true,
		Rule: fileprune.Rule{Keep: keep, Zone: time.UTC, KeepLastDrilled: true, Tolerance: 2 * time.Hour},
	}
}

// Made makes a bucket.
func (b *Bench) Made(t testing.TB, name string) *gcs.Bucket {
	t.Helper()

	bucket := b.Client.Bucket(name)
	_, err := bucket.Create(t.Context(), gcs.Settings{Location: "EU", UniformAccess: true})
	check(t, err)

	return bucket
}

// Write stores a file of the app, or replaces it.
func (b *Bench) Write(t testing.TB, name, content string) gcs.Object {
	t.Helper()

	var replace int64
	if found, err := b.Source.Stat(t.Context(), name); err == nil {
		replace = found.Generation
	}

	object, err := b.Source.Put(t.Context(), name, strings.NewReader(content),
		gcs.PutOptions{ContentType: "text/plain", Metadata: map[string]string{"owner": "a person"}, Replace: replace, Expect: int64(len(content))})
	check(t, err)

	return object
}

// Unlink deletes a file of the app.
func (b *Bench) Unlink(t testing.TB, name string) {
	t.Helper()

	check(t, b.Source.Remove(t.Context(), name))
}

// Open opens the business day of the clock.
func (b *Bench) Open(t testing.TB) filecatalogue.Backup {
	t.Helper()

	opened, err := filecatalogue.Open(t.Context(), b.Steward, filecatalogue.Backup{
		ID: ids.New("fbk"), Files: "uploads", Day: b.Clock.Now().Format(time.DateOnly), Attempt: ids.New("att"), Owner: "test",
		OpenedAt: b.Clock.Now(),
	})
	check(t, err)

	return opened
}

// Take takes the backup of the clock's day.
func (b *Bench) Take(t testing.TB) filecatalogue.Backup {
	t.Helper()

	taken, err := b.Taker.Take(t.Context(), b.Open(t).ID)
	check(t, err)

	return taken
}

// Drilled takes and drills the backup of the clock's day.
func (b *Bench) Drilled(t testing.TB) filecatalogue.Backup {
	t.Helper()

	drilled, err := b.Driller.Drill(t.Context(), b.Take(t).ID)
	check(t, err)

	return drilled
}

// Prune prunes as of the clock.
func (b *Bench) Prune(t testing.TB) fileremoval.Result {
	t.Helper()

	result, err := b.Remover.Prune(t.Context(), b.Clock.Now())
	check(t, err)

	return result
}

// Names lists the names of all generations in the bucket of contents, noncurrent and
// soft-deleted ones too, in their order.
func (b *Bench) Names(t testing.TB, prefix string) []string {
	t.Helper()

	var names []string

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range b.Bucket.List(t.Context(), prefix, options) {
			check(t, err)

			names = append(names, object.Name)
		}
	}

	slices.Sort(names)

	return names
}

// Read gives the content of an object of the bucket of contents.
func (b *Bench) Read(t testing.TB, name string, generation int64) []byte {
	t.Helper()

	reader, _, err := b.Bucket.Get(t.Context(), name, generation)
	check(t, err)

	content, err := io.ReadAll(reader)
	check(t, err)
	check(t, reader.Close())

	return content
}

// Header opens the signed header of a backup.
func (b *Bench) Header(t testing.TB, row filecatalogue.Backup) filemanifest.Header {
	t.Helper()

	header, err := filemanifest.Open(b.Read(t, row.ManifestObject, row.ManifestGen), b.Driller.Verifier)
	check(t, err)

	return header
}

// Strings gives one column of text.
func (b *Bench) Strings(t testing.TB, sql string, args ...any) []string {
	t.Helper()

	rows, err := b.Steward.Query(t.Context(), sql, args...)
	check(t, err)

	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	check(t, err)

	return texts
}

// Exec changes the steward database as its owner.
func (b *Bench) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()

	_, err := b.Steward.Exec(t.Context(), sql, args...)
	check(t, err)
}

// Replace puts other bytes under a name of the bucket of contents, as somebody who
// may write to it could, and gives the generation.
func (b *Bench) Replace(t testing.TB, name string, content []byte) int64 {
	t.Helper()

	found, err := b.Bucket.Stat(t.Context(), name)
	check(t, err)

	object, err := b.Bucket.Put(t.Context(), name, bytes.NewReader(content), gcs.PutOptions{Replace: found.Generation})
	check(t, err)

	return object.Generation
}

func check(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
