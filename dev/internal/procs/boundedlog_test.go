package procs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"steward/dev/internal/procs"
)

func TestLogStaysWithinTwiceItsLimit(t *testing.T) {
	t.Parallel()
	const limit, lines = 1000, 500
	path := filepath.Join(t.TempDir(), "some.log")
	log, err := procs.OpenLog(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		if _, err := fmt.Fprintf(log, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for _, name := range []string{path + ".1", path} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > limit {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		kept.Write(text)
	}
	// What is kept is the newest, without a hole or a torn line.
	first := lines - strings.Count(kept.String(), "\n")
	var want strings.Builder
	for i := first; i < lines; i++ {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if first == 0 || kept.String() != want.String() {
		t.Errorf("kept from line %d:\n%s", first, kept.String())
	}
}

func TestLogGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	const limit = 10
	path := filepath.Join(t.TempDir(), "some.log")
	for _, word := range []string{"12345678", "abcdefgh"} {
		log, err := procs.OpenLog(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	older, olderErr := os.ReadFile(path + ".1")
	newer, newerErr := os.ReadFile(path)
	if string(older) != "12345678" || string(newer) != "abcdefgh" || olderErr != nil || newerErr != nil {
		t.Errorf("older %q (%v), newer %q (%v)", older, olderErr, newer, newerErr)
	}
}

// TestAFullDiskNeverFailsTheWriter fills a real file system, and makes room again.
func TestAFullDiskNeverFailsTheWriter(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	dir := t.TempDir()
	if err := syscall.Mount("steward-test", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no file system can be made here: %v", err)
	}
	t.Cleanup(func() {
		// Detached, since a process that a test beside this one starts at this very moment has our files until its exec.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	log, err := procs.OpenLog(filepath.Join(dir, "some.log"), limit)
	if err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full")
	if err := os.WriteFile(full, make([]byte, 60<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		write(t, log, "a line that finds no room\n")
	}
	if log.Dropped() == 0 {
		t.Fatal("the disk was not full")
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	checkRecovered(t, log, filepath.Join(dir, "some.log"))
}

// TestALogThatCannotBePutAsideNeverFailsTheWriter: a folder stands where the old
// log should go, which stops even root.
func TestALogThatCannotBePutAsideNeverFailsTheWriter(t *testing.T) {
	t.Parallel()
	const limit = 200
	path := filepath.Join(t.TempDir(), "some.log")
	log, err := procs.OpenLog(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		write(t, log, "a line that finds no room\n")
	}
	if info, err := os.Stat(path); err != nil || info.Size() > limit || log.Dropped() == 0 {
		t.Fatalf("%v, %v, %d dropped", info, err, log.Dropped())
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	checkRecovered(t, log, path)
}

// TestALogWhoseFolderVanishedNeverFailsTheWriter: .dev was removed by hand.
func TestALogWhoseFolderVanishedNeverFailsTheWriter(t *testing.T) {
	t.Parallel()
	const limit = 10
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "some.log")
	log, err := procs.OpenLog(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		write(t, log, "a line that has no place\n")
	}
	if log.Dropped() == 0 {
		t.Fatal("nothing was dropped")
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	checkRecovered(t, log, path)
}

func write(t *testing.T, log *procs.BoundedLog, line string) {
	t.Helper()
	if n, err := log.Write([]byte(line)); n != len(line) || err != nil {
		t.Fatalf("the writer was told %d, %v", n, err)
	}
}

// checkRecovered writes once more and wants that line, after one that tells of
// what is missing.
func checkRecovered(t *testing.T, log *procs.BoundedLog, path string) {
	t.Helper()
	missing := fmt.Sprintf("\nkeeper: %d bytes of log are missing here", log.Dropped())
	write(t, log, "there is room\n")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if kept := "\n" + string(text); !strings.Contains(kept, missing) || !strings.HasSuffix(kept, "written\nthere is room\n") || log.Dropped() != 0 {
		t.Errorf("want %q in:\n%s", missing, kept)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
}
