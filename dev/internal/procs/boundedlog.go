package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// logMode keeps logs to their owner, like everything under .dev.
const logMode = 0o600

// BoundedLog is a log file that never takes more than about twice its limit: when
// the file is full it becomes NAME.1, replacing the one before, and a new one
// begins. Safe for several goroutines of one process; one process owns it.
type BoundedLog struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

// OpenLog opens the log at path for appending; limit is in bytes per file.
func OpenLog(path string, limit int64) (*BoundedLog, error) {
	log := &BoundedLog{path: path, limit: limit}
	if err := log.open(); err != nil {
		return nil, err
	}
	return log, nil
}

// Write appends text, beginning a new file first when the old one is full. Text
// longer than the limit is written whole: a line is worth more than the bound.
func (l *BoundedLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(text)) > l.limit {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(text)
	l.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("writing the log: %w", err)
	}
	return n, nil
}

// Close closes the file; what was written stays.
func (l *BoundedLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("closing the log: %w", err)
	}
	return nil
}

func (l *BoundedLog) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, logMode)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("opening the log: %w", err), file.Close())
	}
	l.file, l.size = file, info.Size()
	return nil
}

func (l *BoundedLog) rotate() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("closing the full log: %w", err)
	}
	if err := os.Rename(l.path, l.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("putting the full log aside: %w", err)
	}
	return l.open()
}
