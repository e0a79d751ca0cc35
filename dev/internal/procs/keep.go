package procs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"steward/dev/internal/state"
)

// keepTick is how often a keeper looks around while its child runs.
const keepTick = 5 * time.Second

// pipeGrace is how long the output of an ended program is still read.
const pipeGrace = 5 * time.Second

// Keep is the whole life of a keeper: it starts the program of the job that it
// reads from in, writes the record, moves the program's output into the bounded
// log, forwards the end, and returns when the program has ended. It also ends the
// program when the record disappears, so that removing .dev leaves no process.
func Keep(ctx context.Context, in io.Reader) (err error) {
	var job Job
	if err := json.NewDecoder(in).Decode(&job); err != nil {
		return fmt.Errorf("reading the job: %w", err)
	}
	log, err := OpenLog(job.Log, job.LogLimit)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	say := func(format string, args ...any) {
		// A log that cannot be written must not end a healthy program.
		_, _ = fmt.Fprintf(log, "keeper %s: "+format+"\n", append([]any{time.Now().UTC().Format(time.RFC3339)}, args...)...)
	}
	child, err := launch(job.Spec, log)
	if err != nil {
		say("%v", err)
		return err
	}
	if err := enroll(job, child.Process.Pid); err != nil {
		say("%v", err)
		return errors.Join(err, child.Process.Kill(), child.Wait())
	}
	say("started %s as pid %d", job.Spec.Name, child.Process.Pid)
	err = watch(ctx, job, child)
	say("%s ended: %v", job.Spec.Name, child.ProcessState)
	return err
}

// launch starts the program; its output reaches log through a pipe that os/exec serves.
func launch(spec Spec, log io.Writer) (*exec.Cmd, error) {
	child := exec.Command(spec.Program, spec.Args...) //nolint:noctx // it is ended by a signal, not killed
	child.Env = spec.Env
	child.Dir = spec.Dir
	child.Stdout = log
	child.Stderr = log
	// Children of a killed Postgres hold the pipe for a moment longer than it.
	child.WaitDelay = pipeGrace
	// A group of its own, so that what the terminal sends to a group never
	// reaches it, and the end of the keeper ends it too, where the kernel can.
	child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(child.SysProcAttr, spec.gentle())
	spec.Account.Apply(child.SysProcAttr)
	if err := child.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Program, err)
	}
	return child, nil
}

// enroll writes the record of a running child.
func enroll(job Job, pid int) error {
	keeper, keeperErr := Identify(os.Getpid())
	child, childErr := Identify(pid)
	if err := errors.Join(keeperErr, childErr); err != nil {
		return fmt.Errorf("naming the process: %w", err)
	}
	record := Record{Spec: job.Spec, Keeper: keeper, Child: child}
	if err := state.WriteJSON(NewTable(job.Records).Path(job.Spec.Name), record); err != nil {
		return fmt.Errorf("writing the record: %w", err)
	}
	return nil
}

// watch returns when the child has ended.
func watch(ctx context.Context, job Job, child *exec.Cmd) error {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	beat := newHeartbeat(job)
	ticker := time.NewTicker(keepTick)
	defer ticker.Stop()
	record := NewTable(job.Records).Path(job.Spec.Name)
	done := ctx.Done()
	for {
		select {
		case err := <-ended:
			return ignoreExit(err)
		case <-done:
			done = nil
			askToEnd(child, job.Spec)
		case <-ticker.C:
			beat.tick(time.Now())
			if _, err := os.Stat(record); errors.Is(err, os.ErrNotExist) {
				askToEnd(child, job.Spec)
			}
		}
	}
}

// askToEnd signals the child; one that has just ended is no error, and Wait says so.
func askToEnd(child *exec.Cmd, spec Spec) {
	_ = child.Process.Signal(spec.gentle()) //nolint:errcheck // see above
}

// ignoreExit drops the child's exit code: the log has it, and the keeper did its work.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		return nil
	}
	return fmt.Errorf("waiting for the program: %w", err)
}
