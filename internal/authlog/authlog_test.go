package authlog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/authlog"
	"steward/internal/failure"
	"steward/internal/faults"
)

// clock is moved by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.at = at
}

func noon(day int) time.Time { return time.Date(2026, 11, day, 12, 0, 0, 0, time.UTC) }

// written runs a log until the lines of the addresses are written, and gives the file.
func written(t *testing.T, path string, at *clock, from ...string) string {
	t.Helper()

	var wrong bytes.Buffer

	log := authlog.New(path, at, slog.New(slog.NewTextHandler(&wrong, nil)))

	for _, each := range from {
		log.Refused(netip.MustParseAddr(each))
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if err := log.Run(ended); err != nil || log.Dropped() != 0 || wrong.Len() > 0 {
		t.Fatalf("%v, %d dropped, %s", err, log.Dropped(), &wrong)
	}

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}

// A line is a time and an address; whatever was sent as a credential is not there.
func TestALine(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "auth.log")
	at := &clock{at: noon(22)}

	got := written(t, path, at, "192.0.2.1", "::ffff:192.0.2.2", "2001:db8::1", "fe80::1%eth0")
	want := "2026-11-22T12:00:00Z steward refused 192.0.2.1\n2026-11-22T12:00:00Z steward refused 192.0.2.2\n" +
		"2026-11-22T12:00:00Z steward refused 2001:db8::1\n2026-11-22T12:00:00Z steward refused fe80::1\n"

	if got != want {
		t.Errorf("%s", got)
	}

	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}

	log := authlog.New(path, at, slog.New(slog.DiscardHandler))
	log.Refused(netip.Addr{})

	for range 5000 {
		log.Refused(netip.MustParseAddr("192.0.2.1"))
	}

	if log.Dropped() != 5000-4096 {
		t.Errorf("%d were dropped", log.Dropped())
	}
}

// Each day has its file, which goes when its time is over, also if nobody wrote for
// weeks or the process was not there at midnight.
func TestEachDayGoesAtItsTime(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	path, at := filepath.Join(dir, "auth.log"), &clock{}

	if err := os.WriteFile(path+".conf", nil, 0o600); err != nil {
		t.Fatal(err)
	}

	for day := 1; day <= 12; day++ {
		at.set(noon(day))

		got := written(t, path, at, "192.0.2.1")
		if want := noon(day).Format(time.RFC3339) + " steward refused 192.0.2.1\n"; got != want {
			t.Fatalf("day %d: %s", day, got)
		}

		if err := os.Chtimes(path, noon(day), noon(day)); err != nil {
			t.Fatal(err)
		}
	}

	names := func() (found []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}

		for _, entry := range entries {
			found = append(found, entry.Name())
		}

		return found
	}

	want := []string{"auth.log"}
	for day := 5; day <= 11; day++ {
		want = append(want, fmt.Sprintf("auth.log.2026-11-%02d", day))
	}

	if got := names(); !slices.Equal(got, append(want, "auth.log.conf")) {
		t.Errorf("%s", got)
	}

	at.set(noon(30))
	written(t, path, at)

	if got := strings.Join(names(), " "); got != "auth.log auth.log.conf" {
		t.Errorf("%s", got)
	}
}

func TestAFileThatCannotBe(t *testing.T) {
	t.Parallel()

	log := authlog.New(filepath.Join(t.TempDir(), "none", "auth.log"), &clock{at: noon(1)}, slog.New(slog.DiscardHandler))
	if err := log.Run(t.Context()); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

// A flood fills no disk.
func TestADayIsBounded(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "auth.log")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 32<<20-100), 0o600); err != nil {
		t.Fatal(err)
	}

	at := &clock{at: time.Now().UTC()}
	log := authlog.New(path, at, slog.New(slog.DiscardHandler))

	for range 10 {
		log.Refused(netip.MustParseAddr("192.0.2.1"))
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}

	info, err := os.Stat(path)
	if err != nil || info.Size() > 32<<20 || info.Size() <= 32<<20-100 || log.Dropped() != 8 {
		t.Errorf("%v, %d dropped, %v", info, log.Dropped(), err)
	}
}

// While it runs, lines are written as they come, and a day that ended goes by itself;
// what goes wrong is told, without an address, and mends with the next line.
func TestItRuns(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	path, at := filepath.Join(dir, "auth.log"), &clock{at: noon(1)}

	var wrong lockedBuffer

	log := authlog.New(path, at, slog.New(slog.NewTextHandler(&wrong, nil)))
	authlog.Hurry(log, time.Millisecond)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)

	go func() { done <- log.Run(ctx) }()

	holds := func(text string) func() bool {
		return func() bool {
			have, err := os.ReadFile(path)

			return err == nil && string(have) == text
		}
	}

	log.Refused(netip.MustParseAddr("192.0.2.1"))
	eventually(t, holds("2026-11-01T12:00:00Z steward refused 192.0.2.1\n"))

	old := path + ".2026-11-01"
	if err := errors.Join(os.Chtimes(path, noon(1), noon(1)), os.MkdirAll(filepath.Join(old, "x"), 0o700)); err != nil {
		t.Fatal(err)
	}

	at.set(noon(2)) // and there is something in the way
	eventually(t, func() bool { return strings.Contains(wrong.String(), "cannot be kept") })

	if err := os.RemoveAll(old); err != nil {
		t.Fatal(err)
	}

	eventually(t, holds(""))
	log.Refused(netip.MustParseAddr("192.0.2.2"))
	eventually(t, holds("2026-11-02T12:00:00Z steward refused 192.0.2.2\n"))
	cancel()

	if err := <-done; err != nil || strings.Contains(wrong.String(), "192.0.2") {
		t.Errorf("%v, %s", err, wrong.String())
	}
}

// A file that cannot be written costs its lines and nothing else.
func TestFaults(t *testing.T) {
	t.Parallel()

	for n := 1; n <= 3; n++ {
		path := filepath.Join(t.TempDir(), "auth.log")
		log := authlog.New(path, &clock{at: noon(1)}, slog.New(slog.DiscardHandler))

		log.Refused(netip.MustParseAddr("192.0.2.1"))
		log.Refused(netip.MustParseAddr("192.0.2.2"))

		ended, cancel := context.WithCancel(faults.With(t.Context(), &faults.Counter{N: n, Mode: faults.Before}))
		cancel()

		err := log.Run(ended)
		if failure.Is(err, failure.ConfigInvalid) != (n == 1) {
			t.Errorf("call %d: %v", n, err)
		}

		have, readErr := os.ReadFile(path)
		if lines := strings.Count(string(have), "\n"); n > 1 && (readErr != nil || lines != 1) {
			t.Errorf("call %d: %d lines, %v", n, lines, readErr)
		}
	}
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.text.String()
}

func eventually(t *testing.T, is func() bool) {
	t.Helper()

	deadline, tick := time.After(20*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()

	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to that")
		}
	}
}
