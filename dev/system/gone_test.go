package system_test

import (
	"bytes"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/boundary"
	"steward/internal/emulator/gcs"
	"steward/internal/failure"
	"steward/internal/patience"
)

// shortRuns lets a run by hand end after an hour, which is 36 seconds in these worlds.
func shortRuns(text []byte) []byte {
	return bytes.Replace(text, []byte("done_within: 2h\n    catch_up: 20h\n"), []byte("done_within: 30min\n    catch_up: 1h\n"), 1)
}

// longestRetry is the longest wait between the tries of a step (workflows): a run that
// has less left than the next wait ends at once.
const longestRetry = 5 * time.Minute

// TestTheStorageIsGonePastEveryDeadline answers nothing but 503 from the middle of a
// dump on, until chunk, upload, tries and the run itself have all been given up. The run
// says so by a name, nothing that is cut counts for anything, and the next run makes the
// day good.
func TestTheStorageIsGonePastEveryDeadline(t *testing.T) {
	t.Parallel()
	world := harness.New(t, harness.Options{Policy: shortRuns})
	whole := world.Rules.Promises.Backups.CatchUp.Shortest()
	if whole != time.Hour {
		t.Fatalf("a run may take %s: the policy of these worlds is written in another way", whole)
	}
	scale := patience.Scale(harness.DefaultScale)
	begun := time.Now()
	wait := begin(t, world, "")
	reached(t, world, "start pg_dump")
	if _, err := world.Storage.InjectFault(gcs.Fault{Mode: gcs.ModeUnavailableBefore, Count: gcs.Forever}); err != nil {
		t.Fatal(err)
	}
	_, err := wait()
	took, least := time.Since(begun), scale.Of(whole-longestRetry)
	if code := boundary.CodeOf(err); code != failure.Unavailable && code != failure.TimedOut || took < least {
		t.Errorf("it ended as %s after %s, of a run that tries for %s at least: %v", code, took, least, err)
	}
	t.Logf("the run ended after %s of %s", took, scale.Of(whole))
	world.Storage.ClearFaults()
	world.Options.Open = []string{"app " + world.Today()}
	if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("after the run: %v, %v", found, err)
	}
	world.Options.Open = nil
	result, err := world.Backup(t.Context(), "app")
	proven(t, result, err)
}
