// Package failure is the one table of everything that can go wrong in Steward:
// a code, a fixed text, whether trying again can help, what to do, and the
// exit code. Only the code and its fixed text leave an activity, since the text
// of a driver's error may carry a person's data.
package failure

import (
	"errors"
	"fmt"
)

// Code names a kind of failure. It is stable: histories, the ledger and
// scripts hold it.
type Code string

// Error is a failure with a code. The cause is for the local log only.
type Error struct {
	code  Code
	op    string
	cause error
}

// New returns a failure with the given code; op says what was being done, in
// words without data.
func New(code Code, op string) error { return &Error{code: code, op: op} }

// Wrap gives err a code; op says what was being done, in words without data.
// It returns nil for a nil err, and keeps the code of an err that has one
// already, Internal too: the first who knows what failed decides. A database that answered that
// it does not let us is Unauthorised where the caller can only say Unavailable.
func Wrap(code Code, op string, err error) error {
	if err == nil {
		return nil
	}

	if known, coded := errors.AsType[*Error](err); coded {
		code = known.code
	} else if code == Unavailable && notLetIn(err) {
		code = Unauthorised
	}

	return &Error{code: code, op: op, cause: err}
}

// Error is the local text: what was being done, the fixed text, the cause.
func (e *Error) Error() string {
	text := e.op + ": " + Lookup(e.code).Text
	if e.cause != nil {
		text = fmt.Sprintf("%s: %v", text, e.cause)
	}

	return text
}

// Unwrap gives the cause, nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// Code is the code of this failure.
func (e *Error) Code() Code { return e.code }

// Op says what was being done.
func (e *Error) Op() string { return e.op }

// CodeOf is the code of the outermost failure in err's chain; Internal for an
// error without one, and the empty code for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}

	if failed, ok := errors.AsType[*Error](err); ok {
		return failed.code
	}

	return Internal
}

// Is reports whether err carries the given code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
