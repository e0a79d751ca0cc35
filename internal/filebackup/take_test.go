package filebackup_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"steward/internal/archive"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
	"steward/internal/filestest"
	"steward/internal/gcs"
)

// list reads the list of a backup as whoever restores would.
func list(t *testing.T, b *filestest.Bench, row filecatalogue.Backup, identity age.Identity) []filemanifest.Entry {
	t.Helper()

	header := b.Header(t, row)

	reader, err := archive.NewReader(bytes.NewReader(b.Read(t, header.List.Object, header.List.Generation)), []age.Identity{identity})
	if err != nil {
		t.Fatal(err)
	}

	var entries []filemanifest.Entry

	_, err = filemanifest.ReadList(reader, func(entry filemanifest.Entry) error {
		entries = append(entries, entry)

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	return entries
}

// meddler changes the app's bucket when the call with this number is made.
type meddler struct {
	mu    sync.Mutex
	calls int // owned by mu
	at    int
	do    func()
}

// Next implements faults.Injector.
func (m *meddler) Next(_ context.Context, call faults.Call) faults.Mode {
	if call.Kind != faults.HTTP || call.Name != "GET" {
		return faults.Pass
	}

	m.mu.Lock()
	defer m.mu.Unlock()

	m.calls++
	if m.calls == m.at {
		m.do()
	}

	return faults.Pass
}

// What the app deletes between the listing and the reading has vanished; what it
// replaces is backed up as it is then.
func TestTheAppGoesOnMeanwhile(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "deleted", "deleted")
	b.Write(t, "replaced", "before")
	b.Write(t, "stays", "stays")

	// The first GET is the listing, the second the first content.
	app := &meddler{at: 2, do: func() {
		b.Unlink(t, "deleted")
		b.Write(t, "replaced", "after, and longer")
	}}

	taken, err := b.Taker.Take(faults.With(t.Context(), app), b.Open(t).ID)
	if err != nil || taken.Count != 2 || taken.Fresh != 2 || taken.Vanished != 1 {
		t.Fatalf("%+v, %v", taken, err)
	}

	for _, entry := range list(t, b, taken, b.Driller.Identities[0]) {
		if live, err := b.Source.Stat(t.Context(), entry.Name); err != nil || live.Generation != entry.Generation || live.Size != entry.Bytes {
			t.Errorf("%+v is not %+v, %v", entry, live, err)
		}
	}

	if drilled, err := b.Driller.Drill(t.Context(), taken.ID); err != nil || drilled.Vanished != 1 {
		t.Errorf("%+v, %v", drilled, err)
	}
}

// That nothing can be read is no empty backup.
func TestABucketThatIsNotThere(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a", "a")

	client := b.Storage.Client(t)

	app := &meddler{at: 2, do: func() {
		if err := client.Bucket("app-uploads").Object("a").Delete(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}

		if err := client.Bucket("app-uploads").Delete(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}}

	for range 2 {
		if _, err := b.Taker.Take(faults.With(t.Context(), app), b.Open(t).ID); !failure.Is(err, failure.ObjectNotFound) {
			t.Fatal(err)
		}
	}

	if names := b.Names(t, ""); len(names) > 0 {
		t.Errorf("it left %v", names)
	}
}

// Both recipients open everything, nobody else can; what the app stored along with
// a file is in the list, and what it stored compressed is taken as it is.
func TestWhatIsStoredOfFiles(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)

	escrow, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}

	b.Taker.Recipients = append(b.Taker.Recipients, escrow.Recipient())
	b.Taker.Prefix = "in/"
	b.Write(t, "in/Jane Doe ☂ <1>.txt", strings.Repeat("a person's secret ", 9000))
	b.Write(t, "inside/not.txt", "not meant")

	packed := b.Storage.Client(t).Bucket("app-uploads").Object("in/page.html.gz").NewWriter(t.Context())
	packed.ContentEncoding, packed.CacheControl = "gzip", "no-store"

	if _, err := packed.Write([]byte("\x1f\x8b these bytes are not really gzip")); err != nil {
		t.Fatal(err)
	}

	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}

	taken := b.Drilled(t)
	if taken.Count != 2 {
		t.Fatalf("%+v", taken)
	}

	for _, identity := range []age.Identity{escrow, b.Driller.Identities[0]} {
		entries := list(t, b, taken, identity)
		if entries[0].Name != "in/Jane Doe ☂ <1>.txt" || entries[0].Metadata["owner"] != "a person" || entries[0].Headers.ContentType != "text/plain" ||
			entries[0].Bytes != 18*9000 || entries[1].Headers.ContentEncoding != "gzip" || entries[1].Headers.CacheControl != "no-store" {
			t.Errorf("%+v", entries)
		}

		if entries[0].Content.Bytes > 18*900 {
			t.Errorf("%d bytes are not compressed", entries[0].Content.Bytes)
		}
	}

	for object, err := range b.Bucket.List(t.Context(), "", gcs.ListOptions{Versions: true}) {
		if err != nil {
			t.Fatal(err)
		}

		content := b.Read(t, object.Name, object.Generation)
		for _, secret := range []string{"Jane", "person's", "really gzip"} {
			if bytes.Contains(content, []byte(secret)) || strings.Contains(object.Name, secret) {
				t.Errorf("%s shows %q", object.Name, secret)
			}
		}
	}
}

// A bucket that is there and empty is a backup of no files, proven like any other.
func TestABucketWithoutFiles(t *testing.T) {
	t.Parallel()

	if drilled := filestest.New(t).Drilled(t); drilled.Count != 0 || drilled.ManifestSHA256 == "" {
		t.Errorf("%+v", drilled)
	}
}

// A prune takes nothing that a living attempt has found, and an attempt does not
// record what a prune or a drill took from it.
func TestTakeAndPruneMeet(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Remover.Rule.KeepLastDrilled = false
	b.Write(t, "a", "a")
	b.Drilled(t)
	b.Clock.Advance(7 * day)

	// The attempt of the day is at work and has claimed the content.
	id := b.Open(t).ID

	var pruned int64

	meanwhile := &meddler{at: 2, do: func() { pruned = b.Prune(t).Contents }} // between list and manifest
	b.Write(t, "b", "b")

	taken, err := b.Taker.Take(faults.With(t.Context(), meanwhile), id)
	if err != nil || pruned != 0 || taken.Fresh != 1 {
		t.Fatalf("%+v, %v, %d pruned", taken, err, pruned)
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Error(err)
	}

	// The next day the attempt seems dead to the prune, and lives.
	b.Clock.Advance(7 * day)
	b.Write(t, "c", "c")

	id = b.Open(t).ID
	meanwhile = &meddler{at: 2, do: func() {
		b.Exec(t, `update file_backups set beat_at = beat_at - interval '1 day' where state = 'running'`)
		pruned = b.Prune(t).Contents
	}}

	_, err = b.Taker.Take(faults.With(t.Context(), meanwhile), id)
	if !failure.Is(err, failure.DayTaken) || pruned != 2 {
		t.Fatalf("%v, %d pruned", err, pruned)
	}

	taken, err = b.Taker.Take(t.Context(), id)
	if err != nil || taken.Count != 3 || taken.Fresh != 2 {
		t.Fatalf("%+v, %v", taken, err)
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Error(err)
	}
}

// A content that an attempt left goes when its time is over, even if no manifest
// ever named it, and so does what a killed upload left.
func TestWhatNoManifestNamesGoes(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a", "a")

	writer := &storageDown{b: b, t: t}
	if _, err := b.Taker.Take(faults.With(t.Context(), writer), b.Open(t).ID); err == nil {
		t.Fatal("the fault was not noticed")
	}

	if names := b.Names(t, "uploads/contents/"); len(names) != 1 {
		t.Fatalf("%v", names)
	}

	for _, c := range []struct {
		after time.Duration
		left  int
	}{{7*day - time.Second, 1}, {7 * day, 0}} {
		b.Clock.Advance(c.after - b.Clock.Now().Sub(filestest.Start()))
		b.Prune(t)

		if names := b.Names(t, ""); len(names) != c.left {
			t.Errorf("after %s: %v", c.after, names)
		}
	}
}

// storageDown fails the statement that would note the stored content.
type storageDown struct {
	t  *testing.T
	b  *filestest.Bench
	mu sync.Mutex
	up bool // owned by mu: a content was sent
}

// Next implements faults.Injector.
func (s *storageDown) Next(_ context.Context, call faults.Call) faults.Mode {
	s.mu.Lock()
	defer s.mu.Unlock()

	if call.Kind == faults.HTTP && call.Name == "POST" {
		s.up = true
	}

	if s.up && call.Kind == faults.SQL {
		return faults.Before
	}

	return faults.Pass
}
