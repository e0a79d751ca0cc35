package copies_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/backuptest"
	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/copycatalogue"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/ids"
	"steward/internal/manifest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/prune"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const day = 24 * time.Hour

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

// world has two buckets on one clock, and backups whose archives are words under
// genuine manifests.
type world struct {
	*copies.Copier

	owner  *postgres.DB
	clock  *gcstest.Clock
	server *gcstest.Server
	client *gcs.Client
	near   *gcs.Bucket
	far    *gcs.Bucket
	signer note.Signer
	pruner *copies.Pruner
}

// wanted is how the far bucket must be.
func wanted() guard.Bucket {
	return guard.Bucket{Name: "far", Use: "copies", MostRetention: 7*day - 4*time.Hour, Settings: gcs.Settings{
		Location: "EUROPE-WEST4", UniformAccess: true, PublicAccessPrevented: true, Retention: 84 * time.Hour, LifecycleDeleteAfter: 8 * day,
	}}
}

func newWorld(t *testing.T) *world {
	t.Helper()

	w := &world{clock: gcstest.NewClock(start())}
	w.server = gcstest.Start(t, w.clock)

	var err error

	w.client, err = gcs.Open(t.Context(), gcs.Options{
		Endpoint: w.server.URL(), Project: "test",
		Patience: gcs.Patience{Call: time.Second, Chunk: time.Second, Transfer: time.Second},
	})
	must(t, err)
	t.Cleanup(func() { must(t, w.client.Close()) })

	w.near, w.far = w.client.Bucket("near"), w.client.Bucket("far")
	_, err = w.near.Create(t.Context(), gcs.Settings{Location: "EU"})
	must(t, err)
	_, err = w.far.Create(t.Context(), wanted().Settings)
	must(t, err)

	at := pgtest.Steward(t)
	w.owner, err = postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(w.owner.Close)

	// The rights of the backup role, as in production.
	steward, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_backup"))
	must(t, err)
	t.Cleanup(steward.Close)

	keep, err := calendar.ParseDuration("7d")
	must(t, err)

	signer, verifier := backuptest.Keys(t)
	w.signer = signer
	w.Copier = &copies.Copier{
		Steward: steward, Source: w.near, Verifier: verifier, Keep: keep, Zone: time.UTC, Clock: w.clock,
		Places: []copies.Place{{Name: "far", Bucket: w.far, Wanted: wanted()}},
	}
	w.pruner = &copies.Pruner{
		Steward: steward, Storage: w.client, First: w.near, Places: map[string]string{"far": "far"}, Enforce: true,
		Rule: prune.Rule{Keep: keep, Zone: time.UTC, KeepLastDrilled: true, Tolerance: 2 * time.Hour, Databases: []string{"app"}},
	}

	return w
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// stored announces and stores one object in the first location.
func (w *world) stored(t *testing.T, of catalogue.Backup, kind, content string) manifest.Stored {
	t.Helper()

	object := catalogue.Object{Backup: of.ID, Attempt: of.Attempt, Name: "app/" + of.Day + "/" + of.Attempt + "/" + kind, Kind: kind}
	must(t, catalogue.Announce(t.Context(), w.owner, object))

	put, err := w.near.Put(t.Context(), object.Name, strings.NewReader(content), gcs.PutOptions{})
	must(t, err)

	object.Generation, object.Bytes, object.SHA256 = put.Generation, put.Size, put.SHA256
	must(t, catalogue.Stored(t.Context(), w.owner, object))

	return manifest.Stored{
		Bucket: "near", Object: object.Name, Generation: put.Generation, Bytes: put.Size, SHA256: put.SHA256, CRC32C: put.CRC32C,
	}
}

// taken is a backup of now that no drill has seen.
func (w *world) taken(t *testing.T) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Open(t.Context(), w.owner, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: w.clock.Now().Format(time.DateOnly), Attempt: ids.New("att"), Owner: "test",
		OpenedAt: w.clock.Now(),
	})
	must(t, err)

	row.SnapshotAt, row.TakenAt = w.clock.Now(), w.clock.Now()
	signed, err := manifest.Sign(manifest.Manifest{
		Format: manifest.Format, Backup: row.ID, Attempt: row.Attempt, Database: row.Database, Day: row.Day, SnapshotAt: row.SnapshotAt,
		Archive: w.stored(t, row, "archive", "all rows of "+row.Day), Globals: w.stored(t, row, "globals", "all roles of "+row.Day),
	}, w.signer)
	must(t, err)

	sealed := w.stored(t, row, "manifest", string(signed))
	row.ManifestObject, row.ManifestGen, row.ManifestSHA256 = sealed.Object, sealed.Generation, manifest.Hash(signed)
	must(t, catalogue.RecordTaken(t.Context(), w.owner, row))

	return row
}

// drilled is a proven backup of now.
func (w *world) drilled(t *testing.T) catalogue.Backup {
	t.Helper()

	row := w.taken(t)
	must(t, catalogue.RecordDrilled(t.Context(), w.owner, row.ID, row.Attempt, w.clock.Now(), time.Second))

	return row
}

// drilledAfter is a proven backup of another day.
func (w *world) drilledAfter(t *testing.T, wait time.Duration) catalogue.Backup {
	t.Helper()

	w.clock.Advance(wait)

	return w.drilled(t)
}

// copied fails the test unless copying the backup goes well.
func (w *world) copied(t *testing.T, of catalogue.Backup, want copies.Result) {
	t.Helper()

	if got, err := w.Copy(t.Context(), of.ID); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// pruned fails the test unless a prune goes well and does what is wanted.
func (w *world) pruned(t *testing.T, want copies.Pruned) {
	t.Helper()

	if got, err := w.pruner.Prune(t.Context(), w.clock.Now(), func(int) {}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

// state is that of a backup's copy in a bucket; empty for none.
func (w *world) state(t *testing.T, of catalogue.Backup) copycatalogue.State {
	t.Helper()

	found, err := copycatalogue.Of(t.Context(), w.owner, of.ID)
	must(t, err)

	if len(found) == 0 {
		return ""
	}

	return found[0].State
}

// whole fails the test unless the far bucket holds each object of the backups as the
// first does, and nothing else.
func (w *world) whole(t *testing.T, backups ...catalogue.Backup) {
	t.Helper()

	var want []string

	for _, backup := range backups {
		objects, err := catalogue.EveryObject(t.Context(), w.owner, backup.ID)
		must(t, err)

		for _, object := range objects {
			want = append(want, object.Name)

			reader, found, err := w.far.Get(t.Context(), object.Name, 0)
			must(t, err)

			var content bytes.Buffer

			_, err = content.ReadFrom(reader)
			must(t, err)
			must(t, reader.Close())

			sum := sha256.Sum256(content.Bytes())
			if hex.EncodeToString(sum[:]) != object.SHA256 {
				t.Errorf("%s differs", object.Name)
			}

			stat, err := w.far.Stat(t.Context(), object.Name)
			if err != nil || stat.Metadata["sha256"] != object.SHA256 || stat.Generation != found.Generation ||
				stat.CRC32C != crc32.Checksum(content.Bytes(), crc32.MakeTable(crc32.Castagnoli)) {
				t.Errorf("%+v, %v", stat, err)
			}
		}
	}

	slices.Sort(want)

	if diff := cmp.Diff(want, w.names(t)); diff != "" {
		t.Error(diff)
	}
}

// names are those of every generation in the far bucket.
func (w *world) names(t *testing.T) []string {
	t.Helper()

	var names []string

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range w.far.List(t.Context(), "", options) {
			must(t, err)

			names = append(names, object.Name)
		}
	}

	slices.Sort(names)

	return names
}

// evidence fails the test unless the ledger has exactly these entries about copies.
func (w *world) evidence(t *testing.T, want map[string]int) {
	t.Helper()

	rows, err := w.owner.Query(context.WithoutCancel(t.Context()), `select kind, count(*)::int from ledger.entries group by kind`)
	must(t, err)

	got := map[string]int{}

	for rows.Next() {
		var (
			kind  string
			count int
		)

		must(t, rows.Scan(&kind, &count))
		got[kind] = count
	}

	must(t, rows.Err())

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
