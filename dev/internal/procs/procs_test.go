package procs_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"steward/dev/internal/procs"
)

// TestMain makes this test program understand `keep`, as devenv does.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "keep" {
		if err := procs.Keep(context.Background(), os.Stdin); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const grace = 5 * time.Second

// launcher gives a launcher in a directory of the test's own, and ends what it
// started when the test ends.
func launcher(t *testing.T) procs.Launcher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l := procs.Launcher{
		Self: self, Args: []string{"keep"}, Table: procs.NewTable(dir), Logs: dir, LogLimit: 1 << 16,
		Alive: filepath.Join(dir, "alive"), Off: filepath.Join(dir, "off.jsonl"),
	}
	t.Cleanup(func() {
		records, err := l.Table.All()
		if err != nil {
			t.Error(err)
		}
		for name := range records {
			if err := l.Table.Stop(context.WithoutCancel(t.Context()), name, grace); err != nil {
				t.Error(err)
			}
		}
	})
	return l
}

// shell is a process that runs a script.
func shell(name, script string) procs.Spec {
	return procs.Spec{Name: name, Program: "/bin/sh", Args: []string{"-c", script}, Dir: "/", Env: []string{"PATH=/usr/bin:/bin"}}
}

// started starts spec and gives its record.
func started(t *testing.T, l procs.Launcher, spec procs.Spec) procs.Record {
	t.Helper()
	if err := l.Start(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	record, found, err := l.Table.Read(spec.Name)
	if err != nil || !found {
		t.Fatalf("no record: %v", err)
	}
	return record
}

// eventually waits for what another process does.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("it never came to: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("interrupted before: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestStartAndGentleStop(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	record := started(t, l, shell("polite", `trap 'echo goodbye; exit 0' TERM; echo hello; while :; do sleep 0.05; done`))
	eventually(t, "hello in the log", func() bool { return strings.Contains(l.Tail("polite"), "hello") })
	if !record.Whole() {
		t.Fatal("program or keeper does not run")
	}
	if err := l.Table.Stop(t.Context(), "polite", grace); err != nil {
		t.Fatal(err)
	}
	if record.Running() || record.Keeper.Alive() {
		t.Error("something of it still runs")
	}
	if !strings.Contains(l.Tail("polite"), "goodbye") {
		t.Errorf("it was not asked politely%s", l.Tail("polite"))
	}
	if _, found, err := l.Table.Read("polite"); found || err != nil {
		t.Errorf("its record stays (%v)", err)
	}
}

func TestStubbornProcessIsKilled(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	record := started(t, l, shell("stubborn", `trap '' TERM; echo ready; while :; do sleep 0.05; done`))
	eventually(t, "ready in the log", func() bool { return strings.Contains(l.Tail("stubborn"), "ready") })
	if err := l.Table.Stop(t.Context(), "stubborn", 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if record.Running() {
		t.Error("it still runs")
	}
}

// TestInterruptedStopForcesNothing has a program that needs a while to end, as a
// worker does in the middle of a dump, and a caller that gives up before.
func TestInterruptedStopForcesNothing(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	busy := shell("busy", `trap 'echo ending; : >"$0/asked"' TERM; echo ready
		while [ ! -e "$0/finish" ]; do sleep 0.05; done; echo saved`)
	busy.Args = append(busy.Args, l.Logs)
	record := started(t, l, busy)
	eventually(t, "ready in the log", func() bool { return strings.Contains(l.Tail("busy"), "ready") })
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- l.Table.Stop(ctx, "busy", time.Minute) }()
	eventually(t, "it is asked to end", func() bool {
		_, err := os.Stat(filepath.Join(l.Logs, "asked"))
		return err == nil
	})
	cancel()
	if err := <-stopped; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the interruption", err)
	}
	if !record.Whole() {
		t.Fatal("it was killed")
	}
	if err := os.WriteFile(filepath.Join(l.Logs, "finish"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Table.Stop(t.Context(), "busy", time.Minute); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(l.Tail("busy"), "saved") {
		t.Errorf("it did not end by itself%s", l.Tail("busy"))
	}
}

func TestProgramThatEndsAtOnceShowsItsWords(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	spec := shell("broken", "true")
	spec.Program = "/nonexistent/program"
	err := l.Start(t.Context(), spec)
	if !errors.Is(err, procs.ErrStart) || !strings.Contains(err.Error(), "/nonexistent/program") {
		t.Errorf("got %v, want ErrStart with the reason", err)
	}
}

// TestKeeperKilled shows that a program whose keeper was killed ends too (Linux),
// or at least is found and stopped by its record.
func TestKeeperKilled(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	record := started(t, l, shell("orphan", `while :; do sleep 0.05; done`))
	if err := syscall.Kill(record.Keeper.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := l.Table.Stop(t.Context(), "orphan", grace); err != nil {
		t.Fatal(err)
	}
	if record.Running() {
		t.Error("the orphan still runs")
	}
}

// TestRecordRemoved shows that removing .dev leaves no process behind.
func TestRecordRemoved(t *testing.T) {
	t.Parallel()
	l := launcher(t)
	record := started(t, l, shell("forgotten", `while :; do sleep 0.05; done`))
	if err := os.Remove(l.Table.Path("forgotten")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the forgotten program's end", func() bool { return !record.Running() && !record.Keeper.Alive() })
}

// TestReusedPidIsNeverSignalled: the record names a pid that belongs to a stranger now.
func TestReusedPidIsNeverSignalled(t *testing.T) {
	t.Parallel()
	stranger := exec.CommandContext(t.Context(), "sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		// Killing it is the test's end; its exit code says so.
		_ = stranger.Process.Kill()
		_ = stranger.Wait()
	}()
	named, err := procs.Identify(stranger.Process.Pid)
	if err != nil || !named.Alive() {
		t.Fatalf("the stranger: %v, %v", named, err)
	}
	stale := procs.Identity{PID: named.PID, Born: "another boot/12345"}
	if stale.Alive() {
		t.Error("a reused pid counts as our process")
	}
	if err := stale.Signal(syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	if !named.Alive() {
		t.Error("the stranger was killed")
	}
	if (procs.Identity{PID: 1, Born: named.Born}).Alive() || (procs.Identity{}).Alive() {
		t.Error("init, or nobody, counts as our process")
	}
}
