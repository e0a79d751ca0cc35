package procs

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// ErrStays is returned when a process survives even SIGKILL (stuck in the kernel).
var ErrStays = errors.New("process does not end")

// killGrace is how long a killed process may take to disappear.
const killGrace = 10 * time.Second

// Stop ends the process called name gracefully, and after grace by force. It
// returns nil when nothing of it runs any more; only the processes that the
// record names exactly are ever signalled. When ctx ends first, nothing is forced:
// what was asked to end does so in its own time, the record stays, and Stop may be
// called again; the error wraps that of ctx.
func (t Table) Stop(ctx context.Context, name string, grace time.Duration) error {
	record, found, err := t.Read(name)
	if err != nil || !found {
		return err
	}
	if err := record.stop(ctx, grace); err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	return t.forget(name)
}

func (r Record) stop(ctx context.Context, grace time.Duration) error {
	if err := r.Child.Signal(r.Spec.gentle()); err != nil {
		return err
	}
	if !gone(ctx, r.Child, grace) {
		if err := force(ctx, r.Child); err != nil {
			return err
		}
	}
	// The keeper ends by itself when its child has; it is only helped on.
	if gone(ctx, r.Keeper, killGrace) {
		return nil
	}
	return force(ctx, r.Keeper)
}

// force kills a process that had its time, unless the caller gave up before that.
func force(ctx context.Context, id Identity) error {
	if err := interrupted(ctx); err != nil {
		return err
	}
	if err := id.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	if gone(ctx, id, killGrace) {
		return nil
	}
	if err := interrupted(ctx); err != nil {
		return err
	}
	return fmt.Errorf("pid %d: %w", id.PID, ErrStays)
}

// interrupted is not nil when the caller gave up before the process' grace was over.
func interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted, it was asked to end and still does: %w", err)
	}
	return nil
}

// gentle is the signal that asks the program to end.
func (s Spec) gentle() syscall.Signal {
	if s.Quick {
		return syscall.SIGINT
	}
	return syscall.SIGTERM
}

// gone waits up to limit until the process has ended.
func gone(ctx context.Context, id Identity, limit time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for id.Alive() {
		select {
		case <-ctx.Done():
			return !id.Alive()
		case <-time.After(pollPause):
		}
	}
	return true
}
