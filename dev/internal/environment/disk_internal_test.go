package environment

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFullDiskIsOneClearLine(t *testing.T) {
	t.Parallel()
	d := disk{at: "/here", free: 700*megabyte - 1, needs: []need{
		{what: "programs", bytes: 200 * megabyte}, {what: "the linker", bytes: 500 * megabyte, elsewhere: "set TMPDIR"},
	}}
	const want = "the disk is nearly full: 699 MB free at /here, 700 MB needed (programs 200 MB, the linker 500 MB): " +
		"make room there, or set TMPDIR to a folder on another disk, then run make up again"
	if err := d.enough(); !errors.Is(err, ErrFull) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	d.free++
	if err := d.enough(); err != nil {
		t.Errorf("just enough: %v", err)
	}
}

// TestRoomIsAskedOfEachDisk fills one small disk while the other has room.
func TestRoomIsAskedOfEachDisk(t *testing.T) {
	t.Parallel()
	const size = 10 * megabyte
	large, small := t.TempDir(), t.TempDir()
	if err := syscall.Mount("steward-test", small, "tmpfs", 0, "size=10m"); err != nil {
		t.Skipf("no file system can be made here: %v", err)
	}
	t.Cleanup(func() {
		// Detached, since a process that starts at this very moment has our files until its exec.
		if err := syscall.Unmount(small, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	// Folders that do not exist yet are measured where they will be.
	one := need{what: "one", at: filepath.Join(small, "not", "yet"), bytes: size / 2}
	two := need{what: "two", at: small, bytes: size / 2}
	if err := room([]need{one, two, {what: "three", at: large, bytes: size / 2}}); err != nil {
		t.Errorf("all fit: %v", err)
	}
	two.bytes++
	err := room([]need{one, two, {what: "three", at: large, bytes: 1}})
	if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), small) || strings.Contains(err.Error(), "three") {
		t.Errorf("one byte too much: %v", err)
	}
}

// TestWhatExistsNeedsNoRoom: up run again asks for nothing.
func TestWhatExistsNeedsNoRoom(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	e.place = e.dir.Path("pg")
	builds, err := e.buildNeeds(t.Context(), nil)
	if err != nil || len(builds) < 2 || len(e.dataNeeds(nil)) != 3 {
		t.Fatalf("at first: %v, %v, %v", builds, e.dataNeeds(nil), err)
	}
	made := []string{e.dir.Path("gcs", "any"), filepath.Join(e.place, partPostgres, "PG_VERSION"), filepath.Join(e.place, partDrill, "PG_VERSION")}
	for _, one := range targets() {
		made = append(made, e.program(one.name))
	}
	for _, path := range made {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	builds, err = e.buildNeeds(t.Context(), nil)
	if err != nil || len(builds) != 0 || len(e.dataNeeds(nil)) != 0 {
		t.Errorf("again: %v, %v, %v", builds, e.dataNeeds(nil), err)
	}
}
