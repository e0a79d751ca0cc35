package process_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/process"
)

func sh(script string, args ...string) process.Command {
	return process.Command{
		Path: "/bin/sh", Args: append([]string{"-c", script, "sh"}, args...), Name: "sh", Code: failure.DumpFailed,
	}
}

func TestPlumbing(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer

	command := sh("cat; echo \"$A\"; env | wc -l", "x")
	command.Stdin, command.Stdout, command.Env = strings.NewReader("in\n"), &out, []string{"A=b"}

	if err := process.Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}

	if !strings.HasPrefix(out.String(), "in\nb\n") {
		t.Errorf("%q", out.String())
	}
}

func TestTheChildGetsOnlyItsOwnEnvironment(t *testing.T) {
	t.Setenv("STEWARD_SECRET", "leaked")

	var out bytes.Buffer

	command := sh("env")
	command.Stdout, command.Env = &out, []string{"A=b"}

	if err := process.Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}

	for line := range strings.FieldsSeq(out.String()) {
		name, _, _ := strings.Cut(line, "=")
		if name != "A" && name != "LC_ALL" && name != "PWD" && name != "_" && name != "SHLVL" && name != "OLDPWD" {
			t.Errorf("the child got %s", name)
		}
	}
}

// Every phrase has its reason, and the child's words never come out.
func TestReasons(t *testing.T) {
	t.Parallel()

	for words, want := range map[string]failure.Code{
		"ERROR: query would be affected by row-level security policy for table \"people\"": failure.SourceUnreadable,
		"FATAL: password authentication failed for user \"ada\"":                           failure.DumpFailed,
		"pg_restore: error: could not execute query: permission denied for ada":            failure.SourceUnreadable,
		"lock timeout on ada": failure.LockNotGranted,
		"canceling statement due to statement timeout of ada":            failure.LockNotGranted,
		"ada nobody knows this":                                          failure.DumpFailed,
		"ada not appear to be a valid archive":                           failure.DumpFailed,
		"server closed the connection unexpectedly ada":                  failure.Unavailable,
		"connection to server at ada failed":                             failure.Unavailable,
		"write failed: No space left on device ada":                      failure.Unavailable,
		"FATAL: terminating connection due to administrator command ada": failure.Unavailable,
		"invalid snapshot identifier ada":                                failure.Unavailable,
		`ERROR:  snapshot "ada" does not exist`:                          failure.Unavailable,
		`ERROR:  relation "public.snapshots" does not exist ada`:         failure.DumpFailed,
		`ERROR:  new row for relation "snapshots" violates check ada`:    failure.DumpFailed,
	} {
		err := process.Run(t.Context(), sh(`echo "$1" >&2; exit 1`, words))
		if !failure.Is(err, want) || strings.Contains(err.Error(), "ada") {
			t.Errorf("%q became %v", words, err)
		}
	}

	restoring := sh("echo 'permission denied' >&2; exit 1")
	restoring.Code = failure.RestoreFailed

	if err := process.Run(t.Context(), restoring); !failure.Is(err, failure.RestoreFailed) {
		t.Errorf("a restore was taken for a dump: %v", err)
	}

	err := process.Run(t.Context(), sh("echo 'No space left on device' >&2; yes | head -c 70000 >&2; exit 1"))
	if !failure.Is(err, failure.DumpFailed) || !strings.Contains(err.Error(), "no known reason") {
		t.Errorf("the tail has no bound: %v", err)
	}
}

// A child that somebody ends has given no verdict, whatever it said before.
func TestASignalIsNoVerdict(t *testing.T) {
	t.Parallel()

	for _, signal := range []string{"KILL", "TERM", "SEGV"} {
		err := process.Run(t.Context(), sh(`echo 'permission denied' >&2; kill -`+signal+` $$`))
		if !failure.Is(err, failure.Unavailable) || !failure.Lookup(failure.CodeOf(err)).Retryable {
			t.Errorf("%s: %v", signal, err)
		}
	}
}

func TestAMissingProgramIsNoVerdict(t *testing.T) {
	t.Parallel()

	command := sh("")
	command.Path = filepath.Join(t.TempDir(), "none")

	if err := process.Run(t.Context(), command); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}

// pidOf waits for the child to write its number.
func pidOf(t *testing.T, file string) int {
	t.Helper()

	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		content, err := os.ReadFile(file)
		if pid, convErr := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && convErr == nil {
			return pid
		}

		<-time.After(5 * time.Millisecond)
	}

	t.Fatal("the child does not start")

	return 0
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestACancelledChildIsToldThenKilled(t *testing.T) {
	t.Parallel()

	for name, script := range map[string]string{
		"told":   `echo $$ > "$1"; exec sleep 60`,
		"killed": `trap '' TERM; echo $$ > "$1"; while :; do sleep 1; done`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			file := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)

			go func() { ended <- process.Run(ctx, sh(script, file)) }()

			pid := pidOf(t, file)

			cancel()

			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Error(err)
			}

			if !gone(pid) {
				t.Errorf("child %d lives", pid)
			}
		})
	}
}

// A fault at the start or at the end leaves no child and gives no verdict.
func TestFaultsLeaveNoChild(t *testing.T) {
	t.Parallel()

	for n := 1; n <= 2; n++ {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			file := filepath.Join(t.TempDir(), "pid")
			script := `echo $$ > "$1"; exec sleep 60`

			if n == 2 && mode == faults.After {
				script = `echo $$ > "$1"`
			}

			counter := &faults.Counter{N: n, Mode: mode}

			err := process.Run(faults.With(t.Context(), counter), sh(script, file))
			if !failure.Is(err, failure.Unavailable) || !errors.Is(err, faults.ErrInjected) {
				t.Errorf("call %d %s: %v", n, mode, err)
			}

			content, err := os.ReadFile(file)
			if err != nil {
				continue // it was not started, or ended before its first word
			}

			if pid, err := strconv.Atoi(strings.TrimSpace(string(content))); err == nil && !gone(pid) {
				t.Errorf("call %d %s left child %d", n, mode, pid)
			}
		}
	}
}

// A reader that fails ends the child's input; what the child makes of it is its
// own affair. A writer that fails ends the child.
func TestAFailingPipeEndsTheChild(t *testing.T) {
	t.Parallel()

	command := sh("yes")
	command.Stdout = failing{}

	if err := process.Run(t.Context(), command); err == nil {
		t.Error("a full pipe went unnoticed")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }
