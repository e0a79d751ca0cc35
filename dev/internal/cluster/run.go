package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const (
	// startTimeout includes the replay of a crashed cluster's log.
	startTimeout = 2 * time.Minute
	// stopTimeout bounds a fast shutdown with its checkpoint.
	stopTimeout = time.Minute
)

// Running is a cluster run by this process, for tests; `make up` has its own
// keepers, which outlive it.
type Running struct {
	Cluster

	command *exec.Cmd
	output  *bytes.Buffer
	ended   chan error
}

// Start makes the cluster when needed, clears what a crash left, and runs it
// until Stop. It returns when the cluster answers.
func (c Cluster) Start(ctx context.Context) (*Running, error) {
	if err := c.Init(ctx); err != nil {
		return nil, err
	}
	if err := c.Recover(ctx); err != nil {
		return nil, err
	}
	if err := c.Configure(); err != nil {
		return nil, err
	}
	running := &Running{Cluster: c, output: &bytes.Buffer{}, ended: make(chan error, 1)}
	running.command = exec.Command(c.Program(), c.Args()...) //nolint:noctx // only Stop ends it, and gently
	running.command.Env = plainEnv()
	running.command.Stdout, running.command.Stderr = running.output, running.output
	running.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	running.command.WaitDelay = orphanGrace
	c.Account.Apply(running.command.SysProcAttr)
	if err := running.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the cluster %s: %w", c.Name, err)
	}
	go func() { running.ended <- running.command.Wait() }()
	if err := running.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, running.Stop())
	}
	return running, nil
}

func (r *Running) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- r.Ready(ctx) }()
	select {
	case err := <-ready:
		return err
	case err := <-r.ended:
		r.ended <- err
		return fmt.Errorf("the cluster %s ended at once: %s", r.Name, r.output.String())
	}
}

// Pid of the postmaster.
func (r *Running) Pid() int { return r.command.Process.Pid }

// Stop ends the cluster: a fast shutdown, after a minute an immediate one. A
// cluster that was killed already is no error.
func (r *Running) Stop() error {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := r.command.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping the cluster %s: %w", r.Name, err)
		}
		select {
		case err := <-r.ended:
			r.ended <- err
			return nil
		case <-time.After(stopTimeout):
		}
	}
	return fmt.Errorf("stopping the cluster %s: it does not end", r.Name)
}
