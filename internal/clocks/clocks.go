// Package clocks tells the time to everything that acts on a promise.
//
// Promise logic never asks the operating system for the time: it gets an
// instant as a parameter, and the process that calls it reads one Clock. In
// the dev environment every process reads the same file, so that time can be
// moved for all of them at once.
package clocks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Skew is how far apart the clocks of two machines may be and still be called
// right; a minute is more than any network explains.
const Skew = time.Minute

// Clock tells the current instant. Implementations are safe for concurrent
// use and never return a zero time.
type Clock interface {
	// Now is the current instant in UTC.
	Now() time.Time
}

type systemClock struct{}

// System is the operating system's clock, in UTC.
func System() Clock { return systemClock{} }

func (systemClock) Now() time.Time { return time.Now().UTC() }

type fixedClock struct{ at time.Time }

// Fixed is a clock that stands still at the given instant.
func Fixed(at time.Time) Clock { return fixedClock{at: at.UTC()} }

func (c fixedClock) Now() time.Time { return c.at }

// devClock remembers the last offset that it could read.
type devClock struct {
	path string

	mu   sync.Mutex
	last time.Duration
}

// Dev is the system clock moved by the offset that stands in the file at path:
// one line with a Go duration, such as "17520h". A missing file means no offset:
// a dev environment whose clock was never moved has none. The file is read at
// each call, so that all processes move together. While it cannot be read, or
// holds no duration, the last offset that could be read stays: time must not jump
// back by years because a disk is full.
func Dev(path string) Clock { return &devClock{path: path} }

func (c *devClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	if offset, err := Read(c.path); err == nil {
		c.last = offset
	}

	return time.Now().UTC().Add(c.last)
}

// Read returns the offset that stands in the dev clock file at path. A missing
// file is an offset of zero.
func Read(path string) (time.Duration, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if os.IsNotExist(err) {
		return 0, nil
	}

	if err != nil {
		return 0, fmt.Errorf("reading the dev clock: %w", err)
	}

	offset, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("reading the dev clock %s: %w", path, err)
	}

	return offset, nil
}

// Write moves the dev clock at path to the given offset from the system clock.
// Readers see the old offset or the new one, never a part of either.
func Write(path string, offset time.Duration) error {
	next, err := os.CreateTemp(filepath.Dir(path), ".clock-*")
	if err != nil {
		return fmt.Errorf("moving the dev clock: %w", err)
	}

	_, writeErr := fmt.Fprintln(next, offset.String())
	if closeErr := next.Close(); writeErr == nil {
		writeErr = closeErr
	}

	if writeErr == nil {
		writeErr = os.Rename(next.Name(), path)
	}

	if writeErr != nil {
		return fmt.Errorf("moving the dev clock: %w", writeErr)
	}

	return nil
}
