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
// begins. It never fails whoever writes to it: what the disk refuses is dropped
// and counted, because a program whose output nobody reads any more dies by
// SIGPIPE, and a full disk must not end a database. Safe for several goroutines
// of one process; one process owns it.
type BoundedLog struct {
	path  string
	limit int64

	mu sync.Mutex
	// file is nil after a failure, until it could be opened again.
	file *os.File
	size int64
	// dropped counts the bytes lost since the last time that the log said so.
	dropped int64
	// torn is true when the last line is only partly in the file.
	torn bool
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
// longer than the limit is written whole: a line is worth more than the bound. It
// always reports success. What could not be written is dropped, and the first
// line that can be written again says how much.
func (l *BoundedLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ready(int64(len(text))) {
		l.dropped += int64(len(text))
		return len(text), nil
	}
	if l.dropped > 0 {
		if l.put(l.gap()) < len(l.gap()) {
			l.dropped += int64(len(text))
			return len(text), nil
		}
		l.dropped = 0
	}
	l.dropped += int64(len(text) - l.put(text))
	return len(text), nil
}

// Dropped is how many bytes were lost that the log has not yet told of.
func (l *BoundedLog) Dropped() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped
}

// Close closes the file; what was written stays.
func (l *BoundedLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("closing the log: %w", err)
	}
	return nil
}

// gap is the line that stands for what was dropped.
func (l *BoundedLog) gap() []byte {
	line := fmt.Sprintf("keeper: %d bytes of log are missing here, because they could not be written\n", l.dropped)
	if l.torn {
		line = "\n" + line
	}
	return []byte(line)
}

// ready tells whether there is a file with room for more bytes; it opens or
// begins one where it must.
func (l *BoundedLog) ready(more int64) bool {
	if l.file == nil && l.open() != nil {
		return false
	}
	if l.size == 0 || l.size+more <= l.limit {
		return true
	}
	return l.rotate() == nil
}

// put writes what the disk takes, and returns how much that was. After a failure
// the file is opened anew: nothing is known of the old one.
func (l *BoundedLog) put(text []byte) int {
	n, err := l.file.Write(text)
	l.size += int64(n)
	if err != nil {
		// The first failure is the one that counts.
		_ = l.file.Close() //nolint:errcheck // see above
		l.file = nil
	}
	if n > 0 {
		l.torn = text[n-1] != '\n'
	}
	return n
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

// rotate renames before it closes, so that a rename that fails leaves the log as
// it was, to be tried again at the next write.
func (l *BoundedLog) rotate() error {
	if err := os.Rename(l.path, l.path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("putting the full log aside: %w", err)
	}
	err := l.file.Close()
	l.file = nil
	return errors.Join(err, l.open())
}
