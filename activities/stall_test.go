package activities_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"steward/internal/boundary"
	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// A pg_dump that stops writing, with its connection alive, is given up when it has
// been silent for too long: its process is ended, nothing is stored, and the next
// attempt makes the backup.
func TestADumpThatStopsWritingIsGivenUp(t *testing.T) {
	t.Parallel()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	for i, bytes := range []int{0, 1, 4096} {
		w := newBackupWorld(t)
		dir := t.TempDir()
		file := filepath.Join(dir, "pid")
		script := strings.NewReplacer("BIN", bin, "FILE", file, "BYTES", strconv.Itoa(bytes)).Replace(`#!/bin/sh
case "$1" in --version) exec BIN/pg_dump --version;; esac
echo $$ > FILE
BIN/pg_dump "$@" | head -c BYTES
exec sleep 600
`)

		if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}

		opened, err := w.open(t, time.Time{})
		if err != nil {
			t.Fatal(err)
		}

		taker := w.take.Takers["app"]
		taker.ToolsDir = dir
		w.take.Takers["app"] = taker
		w.take.Patience = 0.0005 // half an hour becomes 0.9 s

		if _, err := execute[struct{}](t, nil, w.take.TakeBackup, opened.Backup); boundary.CodeOf(err) != failure.TimedOut {
			t.Errorf("stopped after %d bytes: %v", bytes, err)
		}

		if names := w.Names(t); len(names) > 0 {
			t.Errorf("stopped after %d bytes it left %v", bytes, names)
		}

		said, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}

		pid, err := strconv.Atoi(strings.TrimSpace(string(said)))
		if err != nil {
			t.Fatal(err)
		}

		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("stopped after %d bytes, the child is still there: %v", bytes, err)
		}

		taker.ToolsDir, w.take.Patience = "", 0
		w.take.Takers["app"] = taker

		if taken := must(t, nil, w.take.TakeBackup, opened.Backup); taken.State != catalogue.Taken {
			t.Errorf("%d: %+v", i, taken)
		}
	}
}

// A policy that is changed counts for the backups that are there: what its new
// time makes too old goes at once, and a longer one brings nothing back.
func TestABackupFromBeforeThePolicyChanged(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	old, middle, young := w.drilled(t, "app", noon()), w.drilled(t, "app", noon().Add(day)), w.drilled(t, "app", noon().Add(5*day))

	w.clock.move(5*day + time.Hour)
	w.prune(t) // seven days: all stay
	w.check(t, false, old, middle, young)

	week := w.do.Rule.Keep
	w.do.Rule.Keep = days(t, 5)
	w.prune(t)
	w.check(t, true, old)
	w.check(t, false, middle, young)

	w.do.Rule.Keep = week
	w.clock.move(day - time.Hour)
	w.prune(t) // seven days again: what five would have ended now stays for its seven
	w.check(t, true, old)
	w.check(t, false, middle, young)

	w.clock.move(2 * day)
	w.prune(t)
	w.check(t, true, old, middle)
	w.check(t, false, young)
}

func days(t *testing.T, n int) calendar.Duration {
	t.Helper()

	keep, err := calendar.ParseDuration(strconv.Itoa(n) + "d")
	if err != nil {
		t.Fatal(err)
	}

	return keep
}
