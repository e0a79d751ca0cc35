package drill_test

import (
	"sync"
	"testing"

	"steward/internal/backuptest"
	"steward/internal/drill"
)

// What a drill expects is what it reads: the archive, once to its end in the download
// and once in the restore.
func TestTheExpectedSize(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	taken := b.Take(t, "2026-11-22")
	archive := documentOf(t, b, taken).Archive.Bytes

	var (
		lock     sync.Mutex
		expected []int64
		most     = map[string]int64{}
	)

	b.Driller.Expected = func(bytes int64) {
		lock.Lock()
		defer lock.Unlock()

		expected = append(expected, bytes)
	}
	b.Driller.Progress = func(phase string, bytes int64) {
		lock.Lock()
		defer lock.Unlock()

		most[phase] = max(most[phase], bytes)
	}

	if _, err := b.Driller.Drill(t.Context(), taken.ID); err != nil {
		t.Fatal(err)
	}

	if len(expected) != 1 || expected[0] != archive || most[drill.Download] != archive || most[drill.Restore] != archive {
		t.Errorf("expected %d, read %v, the archive has %d bytes", expected, most, archive)
	}
}
