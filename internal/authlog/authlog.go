// Package authlog writes the one file of Steward in which addresses stand: from
// where wrong credentials came, for fail2ban (contrib/fail2ban). A line has a time
// and an address, nothing else:
//
//	2026-11-22T12:00:00Z steward refused 192.0.2.1
//
// It is a file of its own, for its own user only; each day has its own, and goes a
// week after that day (docs/promises.md). What it may grow to is bounded: a flood
// that fills it has said by then what there is to say.
package authlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/faults"
)

// Keep is how long the file of a day stays after that day. fail2ban looks back some
// minutes; a week is for the person who looks into what happened over a weekend.
const Keep = 7 * 24 * time.Hour

const (
	// dayLimit bounds the file of one day, in bytes: more than half a million lines.
	dayLimit = 32 << 20
	// waiting is how many lines may wait to be written; those beyond are dropped, so
	// that no request ever waits for a disk.
	waiting = 4096
	// sweepEvery is how often old files are looked for where nothing is written.
	sweepEvery = 10 * time.Minute
	// mode lets the own user read it, and root, as whom fail2ban runs.
	mode = 0o600
	// dayFormat is how the days of older files stand behind their names.
	dayFormat = "2006-01-02"
)

// Log is the file. Refused is safe for concurrent use; Run owns everything else.
type Log struct {
	path    string
	clock   clocks.Clock
	log     *slog.Logger
	lines   chan line
	dropped atomic.Int64

	file *os.File
	day  string
	size int64
}

type line struct {
	from netip.Addr
	at   time.Time
}

// New makes a Log at the given path; Run opens it. The clock is that of the machine:
// fail2ban knows no other. log gets what goes wrong with the file, never an address.
func New(path string, clock clocks.Clock, log *slog.Logger) *Log {
	return &Log{path: path, clock: clock, log: log, lines: make(chan line, waiting)}
}

// Refused notes that wrong credentials came from an address. It never waits; a line
// that finds no room is dropped and counted. An address that nobody knows is not
// written.
func (l *Log) Refused(from netip.Addr) {
	if !from.IsValid() {
		return
	}

	select {
	case l.lines <- line{from: from.Unmap().WithZone(""), at: l.clock.Now()}:
	default:
		l.dropped.Add(1)
	}
}

// Dropped counts the lines that found no room.
func (l *Log) Dropped() int64 { return l.dropped.Load() }

// Run writes lines until ctx ends, and those that wait then. It fails with
// ConfigInvalid where the file cannot be opened at the start; what fails later is
// logged and tried again with the next line.
func (l *Log) Run(ctx context.Context) error {
	if err := l.turn(ctx); err != nil {
		return err
	}

	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()

	for {
		select {
		case next := <-l.lines:
			l.report(ctx, l.write(ctx, next))
		case <-ticker.C:
			l.report(ctx, l.turn(ctx))
		case <-ctx.Done():
			return l.end(context.WithoutCancel(ctx))
		}
	}
}

// end writes what waits, and closes the file.
func (l *Log) end(ctx context.Context) error {
	for {
		select {
		case next := <-l.lines:
			l.report(ctx, l.write(ctx, next))
		default:
			return failure.Wrap(failure.Unavailable, "closing the log of wrong credentials", l.close())
		}
	}
}

func (l *Log) report(ctx context.Context, err error) {
	if err != nil {
		l.log.ErrorContext(ctx, "the log of wrong credentials cannot be kept", slog.String("reason", failure.Safe(err)))
	}
}

// write adds a line to the file of its day.
func (l *Log) write(ctx context.Context, next line) error {
	if err := l.turn(ctx); err != nil {
		return err
	}

	text := next.at.UTC().Format(time.RFC3339) + " steward refused " + next.from.String() + "\n"
	if l.size+int64(len(text)) > dayLimit {
		l.dropped.Add(1)

		return nil
	}

	var written int

	err := faults.Do(ctx, faults.File, "write", func(context.Context) (err error) {
		written, err = l.file.WriteString(text)

		return err //nolint:wrapcheck // wrapped below
	})
	l.size += int64(written)

	return failure.Wrap(failure.Unavailable, "writing the log of wrong credentials", err)
}

// turn makes sure that the file is open and of today, and that no older one stays
// past its time. A crash anywhere in it is mended by the next turn: a file that
// was not put aside is put aside then, by the day on which it was last written.
func (l *Log) turn(ctx context.Context) error {
	today := l.clock.Now().UTC().Format(dayFormat)
	if l.file != nil && l.day == today {
		return nil
	}

	err := faults.Do(ctx, faults.File, "turn", func(context.Context) error {
		return errors.Join(l.close(), l.putAside(today), l.sweep(), l.open(today))
	})

	return failure.Wrap(failure.ConfigInvalid, "opening the log of wrong credentials", err)
}

// close closes the file, if it is open.
func (l *Log) close() error {
	if l.file == nil {
		return nil
	}

	file := l.file
	l.file = nil

	if err := file.Close(); err != nil {
		return fmt.Errorf("closing the file: %w", err)
	}

	return nil
}

// putAside gives the file of an earlier day the name of that day.
func (l *Log) putAside(today string) error {
	info, err := os.Stat(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("looking at the file: %w", err)
	}

	day := info.ModTime().UTC().Format(dayFormat)
	if day == today {
		return nil
	}

	if err := os.Rename(l.path, l.path+"."+day); err != nil {
		return fmt.Errorf("putting the file aside: %w", err)
	}

	return nil
}

// sweep removes the files whose days are too long ago. A name that ends in no day is
// not ours.
func (l *Log) sweep() error {
	found, err := filepath.Glob(l.path + ".*")
	if err != nil {
		return fmt.Errorf("looking for older files: %w", err)
	}

	oldest := l.clock.Now().UTC().Add(-Keep).Format(dayFormat)

	for _, path := range found {
		day := strings.TrimPrefix(path, l.path+".")
		if _, notADay := time.Parse(dayFormat, day); notADay != nil || day >= oldest {
			continue
		}

		err = errors.Join(err, os.Remove(path))
	}

	return err
}

func (l *Log) open(today string) error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, mode)
	if err != nil {
		return fmt.Errorf("opening the file: %w", err)
	}

	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}

	l.file, l.day, l.size = file, today, info.Size()

	return nil
}
