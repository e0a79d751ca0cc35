package gcs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	emulator "steward/internal/emulator/gcs"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/failure"
	"steward/internal/gcs"
)

// chunk is the size of a chunk of an upload.
const chunk = 8 << 20

var errReader = errors.New("the reader broke")

type world struct {
	*gcs.Bucket

	client *gcs.Client
	server *gcstest.Server
	clock  *gcstest.Clock
}

func open(t *testing.T, settings gcs.Settings) world {
	t.Helper()

	clock := gcstest.NewClock(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))
	server := gcstest.Start(t, clock)

	client, err := gcs.Open(t.Context(), gcs.Options{
		Endpoint: server.URL(), Project: "test",
		Patience: gcs.Patience{Call: time.Second, Chunk: 2 * time.Second, Transfer: 500 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		server.Release()

		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})

	bucket := client.Bucket("backups")
	if created, err := bucket.Create(t.Context(), settings); err != nil || !created {
		t.Fatal(created, err)
	}

	return world{Bucket: bucket, client: client, server: server, clock: clock}
}

func (w world) inject(t *testing.T, fault emulator.Fault) {
	t.Helper()

	if _, err := w.server.InjectFault(fault); err != nil {
		t.Fatal(err)
	}
}

func (w world) put(t *testing.T, name, content string) gcs.Object {
	t.Helper()

	object, err := w.Put(t.Context(), name, bytes.NewReader([]byte(content)), gcs.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return object
}

func names(t *testing.T, listing iter.Seq2[gcs.Object, error]) (all []string) {
	t.Helper()

	for object, err := range listing {
		if err != nil {
			t.Fatal(err)
		}

		all = append(all, object.Name)
	}

	return all
}

func coded(t *testing.T, what string, err error, code failure.Code) {
	t.Helper()

	if !failure.Is(err, code) {
		t.Errorf("%s: %v, not %s", what, err, code)
	}
}

// A reader that fails, wherever, leaves no object, and its own failure comes back.
func TestAFailingReaderCommitsNothing(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})

	for _, at := range []int64{0, 1, 4096, 256 << 10, chunk - 1, chunk, chunk + 1, 2*chunk - 1, 2 * chunk, 2*chunk + 4096} {
		broken := failure.Wrap(failure.DumpFailed, "dumping", errReader)
		reader := io.MultiReader(io.LimitReader(zeros{}, at), failing{broken})

		_, err := w.Put(t.Context(), "x", reader, gcs.PutOptions{})
		if !errors.Is(err, errReader) {
			t.Errorf("at %d: %v", at, err)
		}

		coded(t, "failing reader", err, failure.DumpFailed)

		for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
			if left := names(t, w.List(t.Context(), "", options)); len(left) > 0 {
				t.Errorf("at %d: %v was committed", at, left)
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestPutNeedsAFreeName(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})
	first := w.put(t, "x", "one")

	if first.Size != 3 || first.SHA256 != "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" || first.Generation == 0 {
		t.Errorf("%+v", first)
	}

	_, err := w.Put(t.Context(), "x", bytes.NewReader([]byte("two")), gcs.PutOptions{})
	coded(t, "another content", err, failure.ObjectExists)

	_, err = w.Put(t.Context(), "x", bytes.NewReader([]byte("one")), gcs.PutOptions{Metadata: map[string]string{"attempt": "other"}})
	coded(t, "another's object", err, failure.ObjectExists)

	second, err := w.Put(t.Context(), "x", bytes.NewReader([]byte("two")), gcs.PutOptions{Replace: first.Generation})
	if err != nil || second.Generation <= first.Generation {
		t.Error(second, err)
	}

	_, err = w.Put(t.Context(), "x", bytes.NewReader([]byte("three")), gcs.PutOptions{Replace: first.Generation})
	coded(t, "a generation that is gone", err, failure.ObjectExists)
}

// Requests that fail are made again; one that took effect is found again.
func TestUploadsSurviveFaults(t *testing.T) {
	t.Parallel()

	for _, operation := range []emulator.Operation{emulator.OpUploadStart, emulator.OpUploadChunk, emulator.OpUploadFinish, emulator.OpObjectInsert} {
		for _, mode := range []emulator.Mode{
			emulator.ModeUnavailableBefore, emulator.ModeUnavailableAfter, emulator.ModeDropBefore, emulator.ModeDropAfter,
			emulator.ModePrecondition, emulator.ModeStall,
		} {
			t.Run(string(operation)+" "+string(mode), func(t *testing.T) {
				t.Parallel()

				size := int64(chunk + 4096)
				if operation == emulator.OpObjectInsert {
					size = 4096
				}

				w := open(t, gcs.Settings{Location: "EU"})
				w.inject(t, emulator.Fault{Operation: operation, Mode: mode, Delay: 5 * time.Second})

				object, err := w.Put(t.Context(), "x", io.LimitReader(zeros{}, size), gcs.PutOptions{Metadata: map[string]string{"a": "1"}})
				listed := names(t, w.List(t.Context(), "", gcs.ListOptions{Versions: true}))

				// Either the upload is whole and known, or it failed by name and nothing is there.
				switch {
				case err == nil && (object.Size != size || len(listed) != 1 || object.SHA256 == ""):
					t.Errorf("%+v, %v", object, listed)
				case err != nil && (len(listed) != 0 || failure.CodeOf(err) == failure.Internal):
					t.Errorf("%v, %v", err, listed)
				case err != nil && mode == emulator.ModeUnavailableBefore:
					t.Errorf("one 503 ended the upload: %v", err)
				}
			})
		}
	}
}

// A service that stalls for good is given up.
func TestAStallEnds(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		operation emulator.Operation
		call      func(w world) error
	}{
		"upload": {emulator.OpUploadChunk, func(w world) error {
			_, err := w.Put(t.Context(), "y", io.LimitReader(zeros{}, 2*chunk), gcs.PutOptions{})

			return err
		}},
		"listing": {emulator.OpObjectList, func(w world) error {
			for _, err := range w.List(t.Context(), "", gcs.ListOptions{}) {
				return err
			}

			return nil
		}},
		"opening": {emulator.OpObjectMedia, func(w world) error { _, _, err := w.Get(t.Context(), "x", 0); return err }},
		"looking": {emulator.OpObjectGet, func(w world) error { _, err := w.Stat(t.Context(), "x"); return err }},
		"removal": {emulator.OpObjectDelete, func(w world) error { return w.Delete(t.Context(), "x", 1) }},
		"setting": {emulator.OpBucketGet, func(w world) error { _, err := w.Settings(t.Context()); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			w := open(t, gcs.Settings{Location: "EU"})
			w.put(t, "x", "one")
			w.inject(t, emulator.Fault{Operation: c.operation, Mode: emulator.ModeStall, Count: emulator.Forever})
			coded(t, name, c.call(w), failure.Unavailable)
		})
	}
}

func TestAStalledDownloadEnds(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})
	if _, err := w.Put(t.Context(), "x", io.LimitReader(zeros{}, chunk), gcs.PutOptions{}); err != nil {
		t.Fatal(err)
	}

	w.inject(t, emulator.Fault{Operation: emulator.OpObjectMedia, Mode: emulator.ModeSlow, Bytes: 1, Count: emulator.Forever})

	reader, _, err := w.Get(t.Context(), "x", 0)
	if err == nil {
		_, err = io.Copy(io.Discard, reader)
	}

	coded(t, "a download of a byte a second", err, failure.Unavailable)
}

func TestDownloads(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU", Versioning: true})
	first := w.put(t, "x", "one")

	second, err := w.Put(t.Context(), "x", bytes.NewReader([]byte("two!")), gcs.PutOptions{Replace: first.Generation})
	if err != nil {
		t.Fatal(err)
	}

	for generation, want := range map[int64]string{0: "two!", first.Generation: "one", second.Generation: "two!"} {
		reader, object, err := w.Get(t.Context(), "x", generation)
		if err != nil {
			t.Fatal(err)
		}

		content, err := io.ReadAll(reader)
		if err != nil || string(content) != want || object.Size != int64(len(want)) || reader.Close() != nil {
			t.Errorf("%d: %q, %+v, %v", generation, content, object, err)
		}
	}

	_, _, err = w.Get(t.Context(), "none", 0)
	coded(t, "no object", err, failure.ObjectNotFound)
	_, _, err = w.Get(t.Context(), "x", 1)
	coded(t, "no generation", err, failure.ObjectNotFound)
	_, err = w.Stat(t.Context(), "none")
	coded(t, "no object", err, failure.ObjectNotFound)

	if got, err := w.Stat(t.Context(), "x"); err != nil || got.Generation != second.Generation || got.Bucket != w.Name() {
		t.Error(got, err)
	}

	if all := names(t, w.List(t.Context(), "x", gcs.ListOptions{Versions: true})); len(all) != 2 {
		t.Error(all)
	}
}

func TestDeleteTakesOneGeneration(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU", SoftDelete: 7 * 24 * time.Hour})
	w.put(t, "a", "1")
	object := w.put(t, "b", "2")

	coded(t, "a generation that is not", w.Delete(t.Context(), "b", object.Generation+1), failure.ObjectNotFound)
	coded(t, "a name that is not", w.Delete(t.Context(), "c", 1), failure.ObjectNotFound)

	if err := w.Delete(t.Context(), "b", object.Generation); err != nil {
		t.Fatal(err)
	}

	coded(t, "a second time", w.Delete(t.Context(), "b", object.Generation), failure.ObjectNotFound)

	live, soft := names(t, w.List(t.Context(), "", gcs.ListOptions{})), names(t, w.List(t.Context(), "", gcs.ListOptions{SoftDeleted: true}))
	if !cmp.Equal(live, []string{"a"}) || !cmp.Equal(soft, []string{"b"}) {
		t.Error(live, soft)
	}

	if from := names(t, w.List(t.Context(), "", gcs.ListOptions{From: "b"})); len(from) != 0 {
		t.Error(from)
	}

	for gone := range w.List(t.Context(), "", gcs.ListOptions{SoftDeleted: true}) {
		if gone.HardDelete.IsZero() {
			t.Errorf("%+v", gone)
		}
	}
}

func TestRetentionRefuses(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU", Retention: time.Hour})
	object := w.put(t, "a", "1")

	coded(t, "a kept object", w.Delete(t.Context(), "a", object.Generation), failure.StorageRefused)

	got, err := w.Stat(t.Context(), "a")
	if err != nil || !got.RetainUntil.After(w.clock.Now()) {
		t.Error(got, err)
	}

	w.clock.Advance(2 * time.Hour)

	if err := w.Delete(t.Context(), "a", object.Generation); err != nil {
		t.Error(err)
	}
}

// A rule that deletes by anything but age alone, or a second one by age, is seen.
func TestLifecycleRulesThatPoliciesDoNotKnow(t *testing.T) {
	t.Parallel()

	before := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

	for name, condition := range map[string]storage.LifecycleCondition{
		"created before": {CreatedBefore: before}, "newer versions": {NumNewerVersions: 1}, "all": {AllObjects: true},
		"age and prefix": {AgeInDays: 1, MatchesPrefix: []string{"app/"}}, "longer": {AgeInDays: 30}, "shorter": {AgeInDays: 1},
		"age and class": {AgeInDays: 1, MatchesStorageClasses: []string{"STANDARD"}}, "noncurrent": {DaysSinceNoncurrentTime: 1},
	} {
		w := open(t, gcs.Settings{Location: "EU"})
		erase := storage.LifecycleAction{Type: storage.DeleteAction}
		rules := []storage.LifecycleRule{
			{Action: erase, Condition: storage.LifecycleCondition{AgeInDays: 8}}, {Action: erase, Condition: condition},
		}

		if _, err := w.server.Client(t).Bucket("backups").Update(t.Context(), storage.BucketAttrsToUpdate{Lifecycle: &storage.Lifecycle{Rules: rules}}); err != nil {
			t.Fatal(name, err)
		}

		got, err := w.Settings(t.Context())
		if err != nil || got.OtherLifecycleRules != 1 || got.LifecycleDeleteAfter != 8*24*time.Hour {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()

	want := gcs.Settings{
		Location: "EU", SoftDelete: 0, Versioning: true, Retention: time.Hour, UniformAccess: true,
		PublicAccessPrevented: true, LifecycleDeleteAfter: 8 * 24 * time.Hour, Metageneration: 1,
	}
	w := open(t, want)

	got, err := w.Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	if created, err := w.Create(t.Context(), gcs.Settings{Location: "US"}); created || err != nil {
		t.Error(created, err)
	}

	_, err = w.client.Bucket("none").Settings(t.Context())
	coded(t, "no bucket", err, failure.ObjectNotFound)

	w.inject(t, emulator.Fault{Operation: emulator.OpBucketGet, Mode: emulator.ModeForbidden})

	_, err = w.Create(t.Context(), want)
	coded(t, "a forbidden look", err, failure.Unauthorised)

	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		made int
	)

	for range 8 {
		all.Go(func() {
			created, err := w.client.Bucket("raced").Create(t.Context(), gcs.Settings{Location: "EU"})

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				t.Error(err)
			}

			if created {
				made++
			}
		})
	}

	all.Wait()

	if made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestACancelledUploadEnds(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})
	ctx, cancel := context.WithCancel(t.Context())

	_, err := w.Put(ctx, "x", zeros{}, gcs.PutOptions{Progress: func(int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}

	if left := names(t, w.List(t.Context(), "", gcs.ListOptions{Versions: true})); len(left) > 0 {
		t.Error(left)
	}
}

// The memory of an upload does not grow with its size.
//
//nolint:paralleltest // it measures what this process allocates
func TestMemoryIsBounded(t *testing.T) {
	w := open(t, gcs.Settings{Location: "EU"})

	allocated := func(size int64) uint64 {
		var before, after runtime.MemStats

		runtime.GC()
		runtime.ReadMemStats(&before)

		if _, err := w.Put(t.Context(), string(rune('a'+size%26)), io.LimitReader(zeros{}, size), gcs.PutOptions{}); err != nil {
			t.Fatal(err)
		}

		runtime.ReadMemStats(&after)

		return after.TotalAlloc - before.TotalAlloc
	}

	small, big := allocated(2*chunk), allocated(8*chunk+1)
	if big > 3*small {
		t.Errorf("64 MiB allocated %d bytes, 16 MiB %d", big, small)
	}
}

func TestOpenWithoutCredentials(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", t.TempDir()+"/none.json")

	if _, err := gcs.Open(t.Context(), gcs.Options{}); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}

	if half := gcs.Patient().Scaled(0.5); half.Call != 30*time.Second || half.Chunk != 5*time.Minute || half.Transfer != time.Minute {
		t.Error(half)
	}
}
