// Package process runs PostgreSQL's programs as children: bounded, cancelled
// with their context, and silent about data. What such a program prints may
// hold the rows it stumbled over, so its words never leave this package; they
// are matched against a table of fixed reasons.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
)

// graceAfterCancel is how long a child may take to end after SIGTERM before it
// is killed: pg_dump ends at once, pg_restore after its current statement.
const graceAfterCancel = 5 * time.Second

// Command is one run of one program.
type Command struct {
	// Path is the program's file; its base name appears in fault points.
	Path string
	// Args are the arguments after the program's name; never a secret, since
	// every user of the machine can read them.
	Args []string
	// Env are the only variables the child gets, as NAME=value.
	Env []string
	// Stdin feeds the child; nil is empty.
	Stdin io.Reader
	// Files are open files of ours that the child gets as /dev/fd/3 and so on.
	Files []*os.File
	// Stdout gets what the child writes; nil drops it.
	Stdout io.Writer
	// Name says what runs, for errors and fault points: "pg_dump".
	Name string
	// Code is the failure code of an unsuccessful end.
	Code failure.Code
	// Nice, if not 0, lowers the child's priority: 1 to 19, as nice(1) has it. Its
	// disk accesses then wait for everybody else's too.
	Nice int
	// Bulk says that much will go through Stdin or Stdout: they get a larger pipe.
	Bulk bool
}

// Run starts the child and waits for its end. If ctx ends first, the child is
// told to stop, then killed. An end that is not success fails with the
// command's code and a reason from a fixed table, or with Unavailable where the
// reason, or the lack of one, lies in the world around the child: it could not
// be started, its end was not learnt, a signal ended it, the server or the disk
// failed it.
func Run(ctx context.Context, command Command) error {
	// The kernel's death signal follows the thread that started the child: this
	// thread must neither end nor run others while the child lives.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	var words tail

	child := exec.CommandContext(ctx, command.Path, command.Args...) //nolint:gosec // the callers give fixed programs
	child.Env = append([]string{"LC_ALL=C"}, command.Env...)
	child.Stdin, child.Stdout, child.Stderr = command.Stdin, command.Stdout, &words
	child.ExtraFiles = command.Files
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
	child.WaitDelay = graceAfterCancel

	start := func(context.Context) error { return child.Start() }
	if err := faults.Do(ctx, faults.Process, "start "+command.Name, start); err != nil {
		return errors.Join(failure.Wrap(failure.Unavailable, "starting "+command.Name, err), reap(child))
	}

	yield(child.Process.Pid, command.Nice)

	if command.Bulk && piped(command.Stdout) {
		widen(child.Process.Pid, 1)
	}

	if command.Bulk && piped(command.Stdin) {
		widen(child.Process.Pid, 0)
	}

	// The end is one outside call of its own: what a child did can be lost
	// between its exit and our knowledge of it.
	err := faults.Do(ctx, faults.Process, "end "+command.Name, func(context.Context) error { return child.Wait() })
	if child.ProcessState == nil {
		return errors.Join(failure.Wrap(failure.Unavailable, "waiting for "+command.Name, err), reap(child))
	}

	if err == nil {
		return nil
	}

	if ctx.Err() != nil {
		return fmt.Errorf("running %s: %w", command.Name, ctx.Err())
	}

	if _, exited := errors.AsType[*exec.ExitError](err); !exited {
		// It may have done all of its work; whether it did was not learnt.
		return failure.Wrap(failure.Unavailable, "learning how "+command.Name+" ended", err)
	}

	if status, known := child.ProcessState.Sys().(syscall.WaitStatus); known && status.Signaled() {
		// The kernel for want of memory, an operator, a deploy: somebody ended it
		// before it could say anything of its work.
		return failure.New(failure.Unavailable, fmt.Sprintf("running %s (ended by signal %d)", command.Name, status.Signal()))
	}

	reason := words.reason()

	return failure.New(reason.under(command.Code), fmt.Sprintf("running %s (%s)", command.Name, reason.text))
}

// reap ends a child that was started but is not waited for any more.
func reap(child *exec.Cmd) error {
	if child.Process == nil || child.ProcessState != nil {
		return nil
	}

	if err := child.Process.Kill(); err != nil {
		return fmt.Errorf("killing a child: %w", err)
	}

	err := child.Wait()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		return fmt.Errorf("waiting for a killed child: %w", err)
	}

	return nil
}
