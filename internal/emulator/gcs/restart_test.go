package gcs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"steward/internal/emulator/gcs"
	"steward/internal/emulator/gcs/gcstest"
)

func TestEverythingSurvivesRestart(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, &storage.BucketAttrs{VersioningEnabled: true, Labels: map[string]string{"k": "v"}})
	o := b.Object("a/b")
	first, err := put(t.Context(), o, []byte("1"))
	must(t, err)
	_, err = o.CopierFrom(o).Run(t.Context())
	must(t, err)
	_, err = o.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: true, Metadata: map[string]string{"k": "v"}})
	must(t, err)
	must(t, b.Object("a/b").Generation(first.Generation).Delete(t.Context()))
	before, err := o.Attrs(t.Context())
	must(t, err)
	bucketBefore, err := b.Attrs(t.Context())
	must(t, err)
	w.Restart(t)
	after, err := o.Attrs(t.Context())
	must(t, err)
	bucketAfter, err := b.Attrs(t.Context())
	must(t, err)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(bucketBefore, bucketAfter); diff != "" {
		t.Error(diff)
	}
	wantContent(t, o, []byte("1")) // shared with the copy's source, which is soft-deleted
	wantCensus(t, b, 1, 1, 1)
}

// TestOpenRepairs: what a crash may leave is removed, and what is not the emulator's own is an error.
func TestOpenRepairs(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	leftovers := []string{"content/orphan", "sessions/x.json.tmp", "buckets/backups/objects/y.json.tmp"}
	for _, name := range leftovers {
		must(t, os.WriteFile(filepath.Join(w.Dir(), name), []byte("half"), 0o600))
	}
	must(t, os.Mkdir(filepath.Join(w.Dir(), "buckets", "half"), 0o700)) // no record: its creation was cut short
	w.Restart(t)
	for _, name := range append(leftovers, "buckets/half") {
		if _, err := os.Stat(filepath.Join(w.Dir(), name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	wantContent(t, b.Object("a"), []byte("1"))
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	clock := gcstest.NewClock(epoch)
	for name, content := range map[string]string{
		"state.json":                   "{",
		"sessions/x.json":              "{",
		"buckets/b/bucket.json":        "{",
		"buckets/b/objects/x.json":     "{",
		"buckets/c/bucket.json":        `{"fields":{"softDeletePolicy":{"retentionDurationSeconds":"5"}}}`,
		"buckets/file-not-a-directory": "",
	} {
		dir := t.TempDir()
		must(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
		if strings.Contains(name, "objects") {
			must(t, os.WriteFile(filepath.Join(dir, "buckets", "b", "bucket.json"), []byte(`{"name":"b"}`), 0o600))
		}
		must(t, os.MkdirAll(filepath.Join(dir, "sessions"), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		if _, err := gcs.New(gcs.Config{Dir: dir, Clock: clock}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := gcs.New(gcs.Config{Dir: t.TempDir()}); err == nil {
		t.Error("no clock: no error")
	}
}
