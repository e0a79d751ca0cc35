package environment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrFull is returned when a disk has less room than what is about to be made takes.
var ErrFull = errors.New("the disk is nearly full")

// What is about to be made takes this much, measured and rounded up.
const (
	megabyte = 1 << 20
	// programBytes is one compiled program; the Temporal server is the largest.
	programBytes = 200 * megabyte
	// cacheBytes is what Go keeps of the Temporal server and all that it uses.
	cacheBytes = 1500 * megabyte
	// linkBytes is what the linker puts aside while it works.
	linkBytes = 500 * megabyte
	// clusterBytes is a new cluster with its write-ahead log and the demo's data.
	clusterBytes = 400 * megabyte
	// objectBytes are the demo's files and backups in the storage emulator.
	objectBytes = 100 * megabyte
)

// need is room that something not yet made will take.
type need struct {
	// what is made, for the person who must make room.
	what string
	// at is where; it need not exist yet.
	at    string
	bytes uint64
	// elsewhere says how to put it on another disk; "" where that is not possible.
	elsewhere string
}

// buildNeeds is the room for the programs that are missing; where all exist, it is
// nothing, and a compiler that runs out of room says so itself.
func (e *Environment) buildNeeds(ctx context.Context, only Only) ([]need, error) {
	var missing uint64
	server := false
	for _, one := range targets() {
		if _, err := os.Stat(e.program(one.name)); only.builds(one.name) && errors.Is(err, os.ErrNotExist) {
			missing++
			server = server || one.name == programTemporal
		}
	}
	if missing == 0 {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, "go", "env", "GOCACHE", "GOTMPDIR").Output()
	if err != nil {
		return nil, fmt.Errorf("asking Go for its folders: %w", err)
	}
	cache, temporary, _ := strings.Cut(strings.TrimRight(string(out), "\n"), "\n")
	if temporary == "" {
		temporary = os.TempDir()
	}
	needs := []need{
		{what: "programs", at: e.dir.Path(), bytes: missing * programBytes},
		{what: "the linker", at: temporary, bytes: linkBytes, elsewhere: "set TMPDIR"},
	}
	// A cache that has entries may hold all that is asked for.
	if entries, err := os.ReadDir(cache); server && (err != nil || len(entries) == 0) {
		needs = append(needs, need{what: "Go's build cache", at: cache, bytes: cacheBytes, elsewhere: "set GOCACHE"})
	}
	return needs, nil
}

// dataNeeds is the room for clusters and buckets that were never made.
func (e *Environment) dataNeeds(only Only) []need {
	var needs []need
	for _, part := range []string{partPostgres, partDrill} {
		version := filepath.Join(e.place, part, "PG_VERSION")
		if _, err := os.Stat(version); only.has(groupPostgres) && err != nil {
			needs = append(needs, need{what: part, at: e.place, bytes: clusterBytes})
		}
	}
	if _, err := os.Stat(e.dir.Path("gcs")); only.has(groupGCS) && err != nil {
		needs = append(needs, need{what: "buckets", at: e.dir.Path(), bytes: objectBytes})
	}
	return needs
}

// disk is one file system with what will go onto it.
type disk struct {
	at    string
	free  uint64
	needs []need
}

// room fails with ErrFull when any disk has too little of it for all that goes there.
func room(needs []need) error {
	disks := map[uint64]*disk{}
	for _, one := range needs {
		at := existing(one.at)
		var stat syscall.Stat_t
		var system syscall.Statfs_t
		if err := errors.Join(syscall.Stat(at, &stat), syscall.Statfs(at, &system)); err != nil {
			return fmt.Errorf("measuring the disk of %s: %w", at, err)
		}
		device := uint64(stat.Dev) //nolint:gosec,unconvert,nolintlint // its type differs between systems
		if disks[device] == nil {
			//nolint:gosec // the block size is positive; its type differs between systems
			disks[device] = &disk{at: at, free: system.Bavail * uint64(system.Bsize)}
		}
		disks[device].needs = append(disks[device].needs, one)
	}
	var errs []error
	for _, one := range disks {
		errs = append(errs, one.enough())
	}
	return errors.Join(errs...)
}

// enough is one line: what is free, what is needed and for what, and the remedy.
func (d disk) enough() error {
	var total uint64
	var parts, remedies []string
	for _, one := range d.needs {
		total += one.bytes
		parts = append(parts, fmt.Sprintf("%s %d MB", one.what, one.bytes/megabyte))
		if one.elsewhere != "" {
			remedies = append(remedies, " or "+one.elsewhere+" to a folder on another disk,")
		}
	}
	if d.free >= total {
		return nil
	}
	return fmt.Errorf("%w: %d MB free at %s, %d MB needed (%s): make room there,%s then run make up again",
		ErrFull, d.free/megabyte, d.at, total/megabyte, strings.Join(parts, ", "), strings.Join(remedies, ""))
}

// existing is the path, or the nearest folder above it that exists.
func existing(path string) string {
	for {
		_, err := os.Stat(path)
		parent := filepath.Dir(path)
		if err == nil || parent == path {
			return path
		}
		path = parent
	}
}
