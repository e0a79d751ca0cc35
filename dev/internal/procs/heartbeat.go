package procs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"steward/dev/internal/state"
)

const (
	// beatEvery is how often the heartbeat is written: it bounds how wrong "off
	// from" can be.
	beatEvery = time.Minute
	// offAfter is the silence that counts as "off". Two missed beats and some
	// slack for a busy machine; a restart by hand is shorter.
	offAfter = 3 * time.Minute
)

// Gap is a time in which nothing ran here: the machine was off or asleep, or the
// environment was down. Promises that fell due in it were not broken by Steward.
type Gap struct {
	// From is the last sign of life before, UTC.
	From time.Time `json:"from"`
	// To is the first one after, UTC.
	To time.Time `json:"to"`
}

// heartbeat is one keeper's part: whoever comes first in a minute writes the beat,
// so that it goes on as long as any process runs.
type heartbeat struct {
	path, off string
	last      time.Time
}

func newHeartbeat(job Job) *heartbeat {
	return &heartbeat{path: job.Alive, off: job.Off, last: time.Now()}
}

// tick is called every few seconds. When the wall clock jumped over offAfter
// between two ticks, this machine slept with everything in memory.
func (h *heartbeat) tick(now time.Time) {
	// Round strips the monotonic reading, which stands still while a machine sleeps.
	wall := now.Round(0)
	slept := wall.Sub(h.last.Round(0)) > offAfter
	h.last = wall
	if h.path == "" || (!slept && !stale(h.path, wall)) {
		return
	}
	// A beat that cannot be written (full disk) shows as a gap later; nothing
	// that runs shall stop for it.
	_, _ = Beat(h.path, h.off, wall) //nolint:errcheck // see above
}

// stale tells whether the newest beat is old enough to write another.
func stale(path string, now time.Time) bool {
	last, err := lastBeat(path)
	return err != nil || now.Sub(last) >= beatEvery
}

// Beat writes a sign of life into the file at path. When the one before is older
// than offAfter, the time between is a gap: it is appended to the file at off as
// a line of JSON and returned.
func Beat(path, off string, now time.Time) (*Gap, error) {
	now = now.UTC().Truncate(time.Second)
	// After a night's sleep every keeper wakes at once; one of them notes the gap.
	unlock, err := lockFile(off + ".lock")
	if err != nil {
		return nil, err
	}
	gap, err := beat(path, off, now)
	return gap, errors.Join(err, unlock())
}

func beat(path, off string, now time.Time) (*Gap, error) {
	last, err := lastBeat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var gap *Gap
	if err == nil && now.Sub(last) > offAfter {
		gap = &Gap{From: last, To: now}
		if err := appendGap(off, *gap); err != nil {
			return nil, err
		}
	}
	if err := state.WriteFile(path, []byte(now.Format(time.RFC3339)+"\n")); err != nil {
		return gap, fmt.Errorf("writing the heartbeat: %w", err)
	}
	return gap, nil
}

func lastBeat(path string) (time.Time, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the heartbeat: %w", err)
	}
	last, err := time.Parse(time.RFC3339, strings.TrimSpace(string(text)))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the heartbeat: %w", err)
	}
	return last, nil
}

// lockFile waits for the file's lock; the kernel frees it when the process ends.
func lockFile(path string) (unlock func() error, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, logMode)
	if err != nil {
		return nil, fmt.Errorf("locking the heartbeat: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the heartbeat: %w", err), file.Close())
	}
	return file.Close, nil
}

func appendGap(path string, gap Gap) error {
	line, err := json.Marshal(gap)
	if err != nil {
		return fmt.Errorf("noting a gap: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, logMode)
	if err != nil {
		return fmt.Errorf("noting a gap: %w", err)
	}
	_, writeErr := file.Write(append(line, '\n'))
	if err := errors.Join(writeErr, file.Close()); err != nil {
		return fmt.Errorf("noting a gap: %w", err)
	}
	return nil
}

// Gaps reads what Beat noted in the file at off, oldest first; none when it is
// missing. A last line that a crash cut short is left out.
func Gaps(off string) ([]Gap, error) {
	text, err := os.ReadFile(off)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the gaps: %w", err)
	}
	var gaps []Gap
	for line := range strings.Lines(string(text)) {
		var gap Gap
		if !strings.HasSuffix(line, "\n") {
			break
		}
		if err := json.Unmarshal([]byte(line), &gap); err != nil {
			return nil, fmt.Errorf("reading the gaps in %s: %w", off, err)
		}
		gaps = append(gaps, gap)
	}
	return gaps, nil
}
