package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// orphanGrace is how long the backends of a killed postmaster may take to notice.
	orphanGrace = 15 * time.Second
	// orphanPause lies between two looks.
	orphanPause = 100 * time.Millisecond
)

// ErrHeld is returned by Recover when a postmaster runs on the data directory,
// or backends of a killed one do not end.
var ErrHeld = errors.New("a Postgres runs on this data directory")

// Recover clears what a crash or a reboot left, so that the cluster can start:
// it waits for orphaned backends, and removes a postmaster.pid whose pid now
// belongs to a stranger (Postgres itself refuses to start when that stranger is
// another Postgres of the same account). It returns ErrHeld (wrapped, with the
// pid) while a postmaster lives here; then it changes nothing.
func (c Cluster) Recover(ctx context.Context) error {
	path := filepath.Join(c.Data, "postmaster.pid")
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	if pid, err := strconv.Atoi(strings.TrimSpace(first)); err == nil && c.works(pid) {
		return fmt.Errorf("pid %d, %s: %w", pid, c.Data, ErrHeld)
	}
	if err := c.awaitOrphans(ctx); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("removing the stale %s: %w", path, err)
	}
	return nil
}

// awaitOrphans waits until no process works in the data directory. Two clusters
// writing the same files is the one thing that must never happen.
func (c Cluster) awaitOrphans(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, orphanGrace)
	defer cancel()
	for {
		pid, err := c.worker()
		if err != nil || pid == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("pid %d, %s: %w", pid, c.Data, ErrHeld)
		case <-time.After(orphanPause):
		}
	}
}

// works tells whether the process pid works in the data directory: every process
// of a cluster does. Where there is no /proc nothing can be told; then Postgres'
// own check of the pid file decides.
func (c Cluster) works(pid int) bool {
	dir, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/cwd")
	return err == nil && dir == c.Data
}

// worker gives some process that works in the data directory, 0 for none.
func (c Cluster) worker() (int, error) {
	entries, err := os.ReadDir("/proc")
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("listing processes: %w", err)
	}
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil && c.works(pid) {
			return pid, nil
		}
	}
	return 0, nil
}
