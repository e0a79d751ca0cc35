package filebackup_test

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"steward/internal/failure"
	"steward/internal/fileprogress"
	"steward/internal/filestest"
)

// noise does not compress.
func noise(size int) string {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes) // it never fails

	return string(bytes)
}

// told is what a listener of the progress heard.
type told struct {
	phase        string
	bytes, files int64
}

// One big file shows progress while it is read, on the way in and when it is proven,
// and what there is to do is known before.
func TestAFileMovesByBytes(t *testing.T) {
	t.Parallel()

	const size = 3 << 20

	var (
		heard    []told
		expected []int64
	)

	b := filestest.New(t)
	tell := func(phase string, bytes, files int64) { heard = append(heard, told{phase, bytes, files}) }
	b.Taker.Progress, b.Driller.Progress = tell, tell
	b.Taker.Expected = func(bytes int64) { expected = append(expected, bytes) }
	b.Driller.Expected = b.Taker.Expected

	within := func(phase string, least int64, steps int) {
		t.Helper()

		var last told

		for _, each := range heard {
			if each.phase == phase && each.bytes > last.bytes && each.files == 0 {
				last, steps = each, steps-1
			}
		}

		if last.bytes < least || steps > 0 {
			t.Errorf("%s: %d bytes at last, %d steps are missing", phase, last.bytes, steps)
		}
	}

	b.Write(t, "film", noise(size))
	b.Take(t)
	within(fileprogress.Files, size, 20)

	if heard[1] != (told{fileprogress.Survey, 0, 1}) || heard[len(heard)-1].phase != fileprogress.Manifest {
		t.Errorf("%v … %v", heard[:2], heard[len(heard)-1])
	}

	heard = nil
	b.Drilled(t) // the take is done already
	within(fileprogress.Files, size, 20)
	within(fileprogress.List, 100, 1)

	// The next day there is as much to do as was done for the last.
	b.Clock.Advance(day)
	b.Write(t, "note", "short")
	b.Drilled(t)

	if len(expected) != 4 || expected[0] != size || expected[1] < size || expected[1] > size+size/100 || expected[2] != size || expected[3] > 1000 {
		t.Errorf("expected %d", expected)
	}
}

// What an earlier attempt has stored is not expected again.
func TestWhatIsLeftAfterADeadAttempt(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a", "four")
	b.Take(t)
	b.Exec(t, `update file_backups set state = 'bad'`) // no good backup, and a content that is stored
	b.Write(t, "b", "seven..")

	var expected int64

	b.Taker.Expected = func(bytes int64) { expected = bytes }
	b.Take(t)

	if expected != 7 {
		t.Errorf("expected %d", expected)
	}
}

// The bandwidth holds for what is read and for what is uploaded, whichever is more,
// over all contents that are stored at once.
func TestTheBandwidthOfFiles(t *testing.T) {
	t.Parallel()

	const perSecond, seconds = 100_000, 2

	for name, c := range map[string]struct {
		files      int
		content    string
		recipients int
	}{
		"what does not compress":           {4, noise((seconds + 2) * perSecond / 4), 1},
		"what compresses to nothing":       {4, strings.Repeat("0", (seconds+2)*perSecond/4), 1},
		"what encryption makes far bigger": {40, "x", 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := filestest.New(t)
			b.Taker.Bandwidth = perSecond

			for len(b.Taker.Recipients) < c.recipients {
				identity, err := age.GenerateX25519Identity()
				if err != nil {
					t.Fatal(err)
				}

				b.Taker.Recipients = append(b.Taker.Recipients, identity.Recipient())
			}

			for n := range c.files {
				b.Write(t, strings.Repeat("n", n+1), c.content)
			}

			b.Open(t)

			started := time.Now()
			b.Take(t)

			if took := time.Since(started); took < seconds*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// A file that takes longer than a run may is refused before it is read, since each
// run would begin it anew.
func TestAFileThatNoRunCanEndWith(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Taker.Bandwidth, b.Taker.Longest = 100_000, time.Second
	b.Write(t, "fits", noise(100_000))
	b.Take(t)

	b.Clock.Advance(day)
	b.Write(t, "does not", noise(100_001))

	id := b.Open(t).ID
	if _, err := b.Taker.Take(t.Context(), id); !failure.Is(err, failure.PolicyInvalid) || !strings.Contains(err.Error(), "100001 bytes") ||
		strings.Contains(err.Error(), "does not") {
		t.Error(err)
	}

	b.Taker.Bandwidth = 0

	if _, err := b.Taker.Take(t.Context(), id); err != nil {
		t.Error(err)
	}
}
