package filebackup_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"steward/internal/filestest"
)

const (
	// inTheAir is by how many bytes the memory in use differs from moment to moment.
	inTheAir = 512 << 10
	// page is how many files a listing gives at once, listed how many bytes it takes for
	// each: up to a page the memory grows, and no further.
	page, listed = 1000, 1500
	// ownVariable hands a process of its own what to do.
	ownVariable = "STEWARD_MANY_FILES"
)

// own is what a process does that holds nothing but the code of a worker.
type own struct {
	// Place is the world; its storage and its database are in other processes.
	Place filestest.Place
	// Files is how many there are; Leak is how many bytes are never let go, for each of them.
	Files, Leak int
}

// Many files are backed up, drilled, backed up again without storing one, and pruned,
// in a process of its own; the memory that it takes does not grow with their number. A
// process that keeps a little of each file is noticed.
//
//nolint:paralleltest // it measures the memory of processes
func TestManyFiles(t *testing.T) {
	few, many := 200, 800 // make soak takes more: the stand-in looks at all of them at each request
	if os.Getenv("STEWARD_SOAK") != "" {
		few, many = 1_250, 5_000
	}

	mayGrow := inTheAir + listed*(min(many, page)-min(few, page))

	base := life(t, few, 0)
	if grown := life(t, many, 0) - base; grown > mayGrow {
		t.Errorf("%d files take %d KiB more than %d", many, grown>>10, few)
	}

	const leak = 32 << 10
	if grown := life(t, few, leak) - base; grown <= mayGrow {
		t.Errorf("a process that keeps %d KiB of each of %d files takes %d KiB more: nobody would notice", leak>>10, few, grown>>10)
	}
}

// life lets another process go through the life of so many files, and gives the memory
// that it has in use.
func life(t *testing.T, files, leak int) (used int) {
	t.Helper()

	b := filestest.New(t)

	var group errgroup.Group

	group.SetLimit(4)

	for n := range files {
		group.Go(func() error {
			b.Write(t, fmt.Sprintf("accounts/%d/%d", n%97, n), strings.Repeat(fmt.Sprint("content ", n), 100))

			return nil
		})
	}

	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}

	plan, err := json.Marshal(own{Place: b.Place, Files: files, Leak: leak})
	if err != nil {
		t.Fatal(err)
	}

	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestManyFilesInAProcessOfItsOwn$", "-test.v")
	child.Env = append(os.Environ(), ownVariable+"="+string(plan))

	out, err := child.CombinedOutput()
	told := regexp.MustCompile(`in use: (\d+) bytes, peak (\d+ kB)`).FindSubmatch(out)

	if err != nil || told == nil {
		t.Fatalf("%v: %s", err, out)
	}

	if used, err = strconv.Atoi(string(told[1])); err != nil {
		t.Fatal(err)
	}

	t.Logf("%d files, %d bytes kept of each: %d KiB in use, the process had %s at most", files, leak, used>>10, told[2])

	return used
}

// TestManyFilesInAProcessOfItsOwn is that other process; by itself it is skipped.
//
//nolint:paralleltest // it measures the memory of its process
func TestManyFilesInAProcessOfItsOwn(t *testing.T) {
	var plan own
	if text := os.Getenv(ownVariable); text == "" {
		t.Skip("TestManyFiles starts it")
	} else if err := json.Unmarshal([]byte(text), &plan); err != nil {
		t.Fatal(err)
	}

	b := filestest.Join(t, plan.Place)

	var (
		samples []uint64
		kept    [][]byte
		last    int64
	)

	look := func(_ string, _, files int64) {
		if plan.Leak > 0 && files != last {
			kept = append(kept, make([]byte, plan.Leak))
		}

		const every = 10 // files; each look collects what is garbage
		if files != last && files%every == 0 {
			samples = append(samples, inUse())
		}

		last = files
	}
	b.Taker.Progress, b.Driller.Progress = look, look
	b.Remover.Progress = func(phase string, done int64) { look(phase, 0, done) }

	first := b.Drilled(t)
	b.Clock.Advance(day)

	second := b.Drilled(t)
	if first.Count != int64(plan.Files) || first.Fresh != int64(plan.Files) || second.Count != int64(plan.Files) || second.Fresh != 0 {
		t.Errorf("%+v\n%+v", first, second)
	}

	b.Remover.Rule.KeepLastDrilled = false
	b.Clock.Advance(7 * day)

	if result := b.Prune(t); result.Contents != int64(plan.Files) || result.Removed != 2 {
		t.Errorf("%+v", result)
	}

	runtime.KeepAlive(kept)
	slices.Sort(samples)
	t.Logf("in use: %d bytes, peak %s", samples[len(samples)/2], peak(t))
}

// inUse is the memory in use once what is garbage was let go.
func inUse() uint64 {
	var now runtime.MemStats

	runtime.GC()
	runtime.ReadMemStats(&now)

	return now.HeapAlloc
}

// peak is the most memory that this process has had.
func peak(t *testing.T) string {
	t.Helper()

	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}

	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			return strings.TrimSpace(value)
		}
	}

	return "0 kB"
}
