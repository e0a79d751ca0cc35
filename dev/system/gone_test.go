package system_test

import (
	"bytes"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/boundary"
	"steward/internal/emulator/gcs"
	"steward/internal/failure"
	storage "steward/internal/gcs"
)

// shortRuns lets a run by hand end after an hour, which is 36 seconds in these worlds.
func shortRuns(text []byte) []byte {
	return bytes.Replace(text, []byte("done_within: 2h\n    catch_up: 20h\n"), []byte("done_within: 30min\n    catch_up: 1h\n"), 1)
}

// TestTheStorageIsGonePastEveryDeadline answers nothing but 503 from the middle of a
// dump on, until chunk, upload, tries and run have all been given up. The run says so
// by a name, nothing that is cut counts for anything, and the next run makes the day
// good.
func TestTheStorageIsGonePastEveryDeadline(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Policy: shortRuns})
	wait := begin(t, world, "")
	reached(t, world, "start pg_dump")
	if _, err := world.Storage.InjectFault(gcs.Fault{Mode: gcs.ModeUnavailableBefore, Count: gcs.Forever}); err != nil {
		t.Fatal(err)
	}
	gone := time.Now()
	_, err := wait()
	took, chunk := time.Since(gone), storage.Patient().Scaled(harness.DefaultScale).Chunk
	if code := boundary.CodeOf(err); code != failure.Unavailable && code != failure.TimedOut || took < 2*chunk {
		t.Errorf("it ended as %s after %s, where a chunk may take %s: %v", code, took, chunk, err)
	}
	world.Storage.ClearFaults()
	world.Options.Open = []string{"app " + world.Today()}
	if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("after the run: %v, %v", found, err)
	}
	world.Options.Open = nil
	result, err := world.Backup(t.Context(), "app")
	proven(t, result, err)
}
