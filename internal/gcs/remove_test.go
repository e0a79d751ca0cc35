package gcs_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/gcs"
)

// Removing takes every generation of one name and nothing else, and is not believed
// where something of it is left.
func TestRemove(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		settings gcs.Settings
		code     failure.Code
	}{
		"plain":      {gcs.Settings{}, ""},
		"versions":   {gcs.Settings{Versioning: true}, ""},
		"soft":       {gcs.Settings{SoftDelete: 7 * 24 * time.Hour}, failure.StillListed},
		"retained":   {gcs.Settings{Retention: time.Hour}, failure.StorageRefused},
		"never been": {gcs.Settings{}, ""},
	} {
		w := open(t, c.settings)

		for _, object := range []string{"a", "ab"} {
			if name == "never been" && object == "a" {
				continue
			}

			first, err := w.Put(t.Context(), object, strings.NewReader("1"), gcs.PutOptions{})
			if err != nil {
				t.Fatal(err)
			}

			if name == "versions" {
				if _, err := w.Put(t.Context(), object, strings.NewReader("2"), gcs.PutOptions{Replace: first.Generation}); err != nil {
					t.Fatal(err)
				}
			}
		}

		err := w.Remove(t.Context(), "a")
		if (err == nil) != (c.code == "") || err != nil && !failure.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}

		if _, err := w.Stat(t.Context(), "ab"); err != nil {
			t.Errorf("%s: the other object: %v", name, err)
		}
	}
}

// A small object is told to be small, and one that is longer than was told is whole
// all the same.
func TestPutExpectsABit(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{})

	for name, c := range map[string]struct {
		bytes  int
		expect int64
	}{
		"right": {1000, 1000}, "less": {1000, 1}, "chunks": {700_000, 1000}, "a whole chunk": {256 << 10, 256 << 10}, "none": {0, 1 << 20},
		"more": {10, 1 << 40},
	} {
		content := strings.Repeat("x", c.bytes)

		stored, err := w.Put(t.Context(), name, strings.NewReader(content), gcs.PutOptions{Expect: c.expect})
		if err != nil || stored.Size != int64(c.bytes) {
			t.Errorf("%s: %+v, %v", name, stored, err)
		}
	}
}
