package environment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"steward/dev/internal/probe"
	"steward/dev/internal/procs"
	"steward/internal/patience"
)

const (
	// readyTimeout is how long a part may take to answer; Postgres after a crash
	// and Temporal on a busy machine are the slow ones.
	readyTimeout = 2 * time.Minute
	// readyPause lies between two questions.
	readyPause = 50 * time.Millisecond
	// askTimeout bounds one question.
	askTimeout = 2 * time.Second
	// stopGrace is how long a part may take to end before it is killed. The workers
	// take longest; there is some more for a busy machine.
	stopGrace = patience.EndTimeout + 15*time.Second
)

// errSilent is the state of a part that runs and does not answer.
var errSilent = errors.New("it runs and does not answer")

// ensureRunning brings a part to run exactly as spec says: what runs so already is
// left alone, what runs differently is restarted. before is done only when the
// part is down and about to start. It returns what it did, for the step's line.
func (e *Environment) ensureRunning(
	ctx context.Context, spec procs.Spec, before, ask func(context.Context) error,
) (string, error) {
	spec, err := spec.Fingerprint()
	if err != nil {
		return "", fmt.Errorf("reading the program: %w", err)
	}
	record, found, err := e.launcher.Table.Read(spec.Name)
	if err != nil {
		return "", fmt.Errorf("looking for it: %w", err)
	}
	if found && record.Whole() && reflect.DeepEqual(record.Spec, spec) {
		return "", e.awaitReady(ctx, spec.Name, ask)
	}
	did := "started"
	if found && record.Running() {
		did = "restarted, because it changed"
	}
	if err := e.launcher.Table.Stop(ctx, spec.Name, stopGrace); err != nil {
		return "", fmt.Errorf("making place: %w", err)
	}
	if before != nil {
		if err := before(ctx); err != nil {
			return "", err
		}
	}
	if err := e.book.CheckFree(ctx, spec.Name); err != nil {
		return "", fmt.Errorf("its port: %w", err)
	}
	if err := e.launcher.Start(ctx, spec); err != nil {
		return "", fmt.Errorf("starting: %w", err)
	}
	return did + " on " + e.address(spec.Name), e.awaitReady(ctx, spec.Name, ask)
}

// awaitReady asks until the part answers, and gives up at once when it has ended.
func (e *Environment) awaitReady(ctx context.Context, name string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		once, done := context.WithTimeout(ctx, askTimeout)
		err := ask(once)
		done()
		if err == nil {
			return nil
		}
		record, found, readErr := e.launcher.Table.Read(name)
		if readErr != nil {
			return fmt.Errorf("looking for it: %w", readErr)
		}
		if !found || !record.Running() {
			return fmt.Errorf("%w%s", procs.ErrStart, e.launcher.Tail(name))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)%s", errSilent, err, e.launcher.Tail(name))
		case <-time.After(readyPause):
		}
	}
}

// askHTTP is answered by a 200 at path of the part called name.
func (e *Environment) askHTTP(name, path string) func(context.Context) error {
	return func(ctx context.Context) error { return probe.HTTP(ctx, "http://"+e.address(name)+path) }
}

// askTCP is answered when somebody listens on the port of the part called name.
func (e *Environment) askTCP(name string) func(context.Context) error {
	return func(ctx context.Context) error { return probe.TCP(ctx, e.address(name)) }
}

// askFile is answered when the file exists and next is answered too.
func askFile(path string, next func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("waiting for its sign: %w", err)
		}
		return next(ctx)
	}
}
