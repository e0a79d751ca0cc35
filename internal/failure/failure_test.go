package failure_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"steward/internal/failure"
)

var errDriver = errors.New("duplicate key (email)=(ada@example.com)")

func TestWrapKeepsTheFirstCode(t *testing.T) {
	t.Parallel()

	inner := failure.Wrap(failure.ObjectNotFound, "reading the manifest", errDriver)
	outer := failure.Wrap(failure.Unavailable, "drilling", fmt.Errorf("step 2: %w", inner))

	if got := failure.CodeOf(outer); got != failure.ObjectNotFound {
		t.Errorf("code %s", got)
	}

	if !errors.Is(outer, errDriver) || !failure.Is(outer, failure.ObjectNotFound) || failure.Is(nil, "") {
		t.Error("the chain is broken")
	}
}

func TestCodeOf(t *testing.T) {
	t.Parallel()

	if failure.CodeOf(nil) != "" || failure.CodeOf(errDriver) != failure.Internal {
		t.Error("codes of nil and of a foreign error")
	}

	if failure.Wrap(failure.Unavailable, "x", nil) != nil {
		t.Error("nil was wrapped")
	}

	// What is our own fault stays that: whoever asks again meets it again.
	if ours := failure.New(failure.Internal, "writing an answer"); !failure.Is(failure.Wrap(failure.Unavailable, "x", ours), failure.Internal) {
		t.Error("a fault of our own became an outage")
	}
}

func TestLocalText(t *testing.T) {
	t.Parallel()

	bare := failure.New(failure.DumpFailed, "dumping app")
	if bare.Error() != "dumping app: pg_dump did not end well" {
		t.Error(bare)
	}

	if got := failure.Wrap(failure.Internal, "x", errDriver).Error(); !strings.Contains(got, "ada@") {
		t.Error("the local text lost its cause")
	}

	var failed *failure.Error
	if !errors.As(bare, &failed) || failed.Op() != "dumping app" || failed.Code() != failure.DumpFailed {
		t.Error("the parts are lost")
	}
}

func TestTableIsWhole(t *testing.T) {
	t.Parallel()

	seen := map[failure.Code]bool{}

	for _, row := range failure.Table() {
		if row.Text == "" || row.Hint == "" || row.Exit == failure.OK || seen[row.Code] {
			t.Errorf("row %+v is empty somewhere, ends with success or stands twice", row)
		}

		seen[row.Code] = true

		if failure.Lookup(row.Code) != row {
			t.Errorf("%s is not found", row.Code)
		}
	}

	if failure.Lookup("no such code").Code != failure.Internal {
		t.Error("an unknown code is not internal")
	}
}

type stateError string

func (stateError) Error() string      { return "ERROR: duplicate key (ada@example.com)" }
func (e stateError) SQLState() string { return string(e) }

func TestSafeLeavesForeignTextsOut(t *testing.T) {
	t.Parallel()

	err := fmt.Errorf("outer ada@: %w", failure.Wrap(failure.DumpFailed, "dumping app",
		fmt.Errorf("inner ada@: %w", failure.Wrap(failure.Unavailable, "reading a row", stateError("23505")))))
	if got := failure.Safe(err); got != "dumping app: reading a row: SQLSTATE 23505" {
		t.Error(got)
	}

	if got := failure.Safe(errDriver); got != "unexpected failure" {
		t.Error(got)
	}
}

// TestEveryExitHasAFailure: an exit code of docs/cli.md that nothing ends with is
// a promise to scripts that is not kept. OK and Interrupted are no failures.
func TestEveryExitHasAFailure(t *testing.T) {
	t.Parallel()

	reached := map[failure.Exit]bool{}
	for _, row := range failure.Table() {
		reached[row.Exit] = true
	}

	for exit := failure.Failed; exit <= failure.Refused; exit++ {
		if !reached[exit] {
			t.Errorf("no failure ends with exit code %d", exit)
		}
	}
}

func TestADatabaseThatDoesNotLetUsIn(t *testing.T) {
	t.Parallel()

	for state, want := range map[stateError]failure.Code{
		"28P01": failure.Unauthorised, "28000": failure.Unauthorised, "42501": failure.Unauthorised,
		"42P01": failure.Unavailable, "53300": failure.Unavailable, "23505": failure.Unavailable,
	} {
		if got := failure.CodeOf(failure.Wrap(failure.Unavailable, "reading", fmt.Errorf("x: %w", state))); got != want {
			t.Errorf("%s: %s", state, got)
		}
	}

	// Who knows more than that something did not answer keeps the word.
	if got := failure.CodeOf(failure.Wrap(failure.DumpFailed, "dumping", stateError("42501"))); got != failure.DumpFailed {
		t.Error(got)
	}
}
