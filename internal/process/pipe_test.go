package process_test

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"steward/internal/process"
)

// late reads nothing until the child has told through a named pipe that it wrote
// everything.
type late struct {
	got  int
	wait sync.Once
	told string // the named pipe
	t    *testing.T
}

// Write implements io.Writer.
func (l *late) Write(p []byte) (int, error) {
	l.wait.Do(func() {
		told := make(chan error, 1)

		go func() {
			_, err := os.ReadFile(l.told)
			told <- err
		}()

		select {
		case err := <-told:
			if err != nil {
				l.t.Error(err)
			}
		case <-time.After(time.Minute):
			l.t.Error("the child waits for its reader")
		}
	})

	l.got += len(p)

	return len(p), nil
}

// A child writes half a megabyte that nobody reads yet, and goes on.
func TestAChildRunsAheadOfItsReader(t *testing.T) {
	t.Parallel()

	told := filepath.Join(t.TempDir(), "told")
	if err := syscall.Mkfifo(told, 0o600); err != nil {
		t.Fatal(err)
	}

	out := &late{told: told, t: t}
	command := sh(`head -c 500000 /dev/zero; echo done > "$1"`, told)
	command.Stdout, command.Bulk = out, true

	if err := process.Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}

	if out.got != 500_000 {
		t.Errorf("%d bytes", out.got)
	}
}
