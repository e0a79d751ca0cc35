package authlog_test

import (
	"bytes"
	"context"
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
