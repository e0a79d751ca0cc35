package gcs_test

import (
	"errors"
	"strings"
	"testing"

	emulator "steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/gcs"
)

var errFull = errors.New("the notes are full")

// far makes a bucket in another location, to which a large object takes several steps.
func (w world) far(t *testing.T) *gcs.Bucket {
	t.Helper()

	bucket := w.client.Bucket("far")
	if _, err := bucket.Create(t.Context(), gcs.Settings{Location: "EUROPE-WEST4"}); err != nil {
		t.Fatal(err)
	}

	return bucket
}

func TestCopyFrom(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})
	far, source := w.far(t), w.put(t, "a", strings.Repeat("x", 20<<20))

	var (
		steps []int64
		token string
	)

	options := gcs.CopyOptions{
		Metadata: map[string]string{"k": "v"},
		Progress: func(at string, done int64) error {
			token, steps = at, append(steps, done)
			if len(steps) == 1 {
				return errFull
			}

			return nil
		},
	}

	if _, err := far.CopyFrom(t.Context(), w.Bucket, "a", source.Generation, options); !errors.Is(err, errFull) {
		t.Error(err)
	}

	options.Token = token

	made, err := far.CopyFrom(t.Context(), w.Bucket, "a", source.Generation, options)
	if err != nil || made.Bucket != "far" || made.Size != source.Size || made.CRC32C != source.CRC32C || made.Metadata["k"] != "v" {
		t.Errorf("%+v, %v", made, err)
	}

	if len(steps) != 3 || steps[1] != 16<<20 || token != "" {
		t.Errorf("steps %v, then %q", steps, token)
	}

	_, err = far.CopyFrom(t.Context(), w.Bucket, "a", source.Generation, options)
	coded(t, "a second copy", err, failure.ObjectExists)

	_, err = far.CopyFrom(t.Context(), w.Bucket, "b", source.Generation, gcs.CopyOptions{})
	coded(t, "nothing to copy", err, failure.ObjectNotFound)
}

// A token that the service does not take any more costs time, never the copy.
func TestACopyBeginsAnewWithoutItsToken(t *testing.T) {
	t.Parallel()

	w := open(t, gcs.Settings{Location: "EU"})
	far, source := w.far(t), w.put(t, "a", "content")

	if made, err := far.CopyFrom(t.Context(), w.Bucket, "a", source.Generation, gcs.CopyOptions{Token: "stale"}); err != nil || made.Size != 7 {
		t.Errorf("%+v, %v", made, err)
	}
}

// What a request did although its answer was lost is met as an object that exists; a
// service that stalls is given up.
func TestACopyWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()

	for mode, want := range map[emulator.Mode]failure.Code{
		emulator.ModeUnavailableBefore: "", emulator.ModeUnavailableAfter: failure.ObjectExists, emulator.ModeDropAfter: failure.ObjectExists,
		emulator.ModePrecondition: failure.ObjectExists, emulator.ModeForbidden: failure.Unauthorised, emulator.ModeStall: failure.Unavailable,
	} {
		w := open(t, gcs.Settings{Location: "EU"})
		far, source := w.far(t), w.put(t, "a", "content")
		w.inject(t, emulator.Fault{Operation: emulator.OpObjectRewrite, Mode: mode})

		_, err := far.CopyFrom(t.Context(), w.Bucket, "a", source.Generation, gcs.CopyOptions{})
		if want == "" && err != nil || want != "" && !failure.Is(err, want) {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
