package gcs_test

import (
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/gcs"
)

// A temporary hold forbids deletion, is listed, and goes as it came.
func TestHold(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU", Versioning: true})
	old := put(t, w, "a", "first")
	ctx := t.Context()

	for _, held := range []bool{true, true, false, false} {
		if err := w.SetHold(ctx, "a", old, held); err != nil {
			t.Fatal(err)
		}

		for object, err := range w.List(ctx, "a", gcs.ListOptions{Versions: true}) {
			if err != nil || object.Held != held {
				t.Errorf("%+v, %v", object, err)
			}
		}

		if held {
			if err := w.Delete(ctx, "a", old); !failure.Is(err, failure.StorageRefused) {
				t.Error(err)
			}
		}
	}

	if err := w.SetHold(ctx, "a", old+1, true); !failure.Is(err, failure.ObjectNotFound) {
		t.Errorf("another generation: %v", err)
	}

	if err := w.Delete(ctx, "a", old); err != nil {
		t.Error(err)
	}
}

func put(t *testing.T, w world, name, text string) int64 {
	t.Helper()

	stored, err := w.Put(t.Context(), name, strings.NewReader(text), gcs.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}

	return stored.Generation
}
