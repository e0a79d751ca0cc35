package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// KillChildren ends every child process of the worker that runs this program with
// SIGKILL, and gives their number. A worker that is just being started has none.
func (w *Worker) KillChildren(program string) (killed int, err error) {
	pid := w.pid()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return 0, fmt.Errorf("looking for children: %w", err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for child := range strings.FieldsSeq(string(text)) {
			id, err := strconv.Atoi(child)
			if err != nil {
				return killed, fmt.Errorf("reading a child's number: %w", err)
			}
			name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", id))
			if err != nil || strings.TrimSpace(string(name)) != program {
				continue // it has ended, or is another
			}
			if err := syscall.Kill(id, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return killed, fmt.Errorf("killing %s: %w", program, err)
			}
			killed++
		}
	}
	return killed, nil
}

// pid is the number of the current process, 0 while there is none.
func (w *Worker) pid() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.process == nil {
		return 0
	}
	return w.process.Pid
}
