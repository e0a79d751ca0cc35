// Package faults is the one gate that every outside call of Steward passes: an
// SQL statement, an HTTP or SMTP request, the start or the end of a process, a file.
//
// In production the gate is open and costs a context look-up. The test harness
// carries an Injector in the context, which counts the calls and lets the
// first, then the second, … fail, until an operation ends untouched: faults
// are found by counting, not guessed.
package faults

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// Kind says what sort of outside call passes the gate.
type Kind string

// The kinds of outside call.
const (
	// SQL is one statement sent to PostgreSQL.
	SQL Kind = "sql"
	// HTTP is one HTTP request, with its whole response header.
	HTTP Kind = "http"
	// SMTP is one request of a mail server, with its answer.
	SMTP Kind = "smtp"
	// Process is the start or the exit of a child process.
	Process Kind = "process"
	// File is one change of a file that outlives the process.
	File Kind = "file"
)

// Mode says how one outside call shall fail.
type Mode string

// The modes of failure.
const (
	// Pass lets the call through.
	Pass Mode = "pass"
	// Before fails the call without its effect.
	Before Mode = "before"
	// After lets the call have its effect, then reports a failure.
	After Mode = "after"
	// Hang lets nothing happen until the caller's context ends.
	Hang Mode = "hang"
	// Kill ends the whole process with SIGKILL in place of the call.
	Kill Mode = "kill"
)

// ErrInjected is the failure that Before and After report.
var ErrInjected = errors.New("injected fault")

// Call names one outside call: what kind it is and what it does, in a few
// fixed words without data.
type Call struct {
	Kind Kind
	Name string
}

// Injector decides how each outside call ends. Next is called once for each,
// from many goroutines at once.
type Injector interface {
	// Next says how this call ends. The context is that of the call.
	Next(ctx context.Context, call Call) Mode
}

type contextKey struct{}

// With returns a context whose outside calls ask the injector.
func With(ctx context.Context, injector Injector) context.Context {
	return context.WithValue(ctx, contextKey{}, injector)
}

// Without returns a context whose outside calls are not counted.
func Without(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, nil)
}

// Do makes one outside call. Without an injector in the context it only calls.
// With one it may return an error that wraps ErrInjected, wait until the
// context ends and return its error, or end the process.
func Do(ctx context.Context, kind Kind, name string, call func(context.Context) error) error {
	injector, ok := ctx.Value(contextKey{}).(Injector)
	if !ok {
		return call(ctx)
	}

	switch injector.Next(ctx, Call{Kind: kind, Name: name}) {
	case Before:
		return ErrInjected
	case After:
		if err := call(ctx); err != nil {
			return err
		}

		return ErrInjected
	case Hang:
		<-ctx.Done()

		return ctx.Err()
	case Kill:
		return die()
	case Pass:
	}

	return call(ctx)
}

// die ends the process as an operator's kill -9 or the kernel would: no
// deferred function runs, nothing is flushed.
func die() error {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return errors.Join(ErrInjected, err)
	}

	select {}
}
