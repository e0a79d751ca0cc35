package main

import (
	"bytes"
	"strings"
	"testing"

	"steward/internal/console"
	"steward/internal/failure"
)

// TestTheWorstOfSeveralFailures: people read of each, and the exit code is that of
// the worst, wherever it stands.
func TestTheWorstOfSeveralFailures(t *testing.T) {
	t.Parallel()

	pending := failure.New(failure.StillRunning, "waiting for one")
	down := failure.New(failure.Unavailable, "backing up two")
	bad := failure.New(failure.ContentDiffers, "backing up three")

	for _, c := range []struct {
		failures []error
		want     error
		told     int
	}{
		{nil, nil, 0},
		{[]error{pending}, pending, 0},
		{[]error{pending, down}, down, 1},
		{[]error{down, bad, pending}, bad, 2},
		{[]error{bad, down}, bad, 1},
	} {
		for _, program := range []bool{false, true} {
			var said bytes.Buffer

			a := &app{console: &console.Console{Err: &said, JSON: program}}
			if got := a.worst(c.failures); got != c.want { //nolint:errorlint // this very value
				t.Errorf("%v: %v", c.failures, got)
			}

			told := c.told
			if program {
				told = 0
			}

			if strings.Count(said.String(), "error: ") != told {
				t.Errorf("%v: %s", c.failures, said.String())
			}
		}
	}
}

// Every exit code that a run can end with has its rank.
func TestSeverityRanksEveryExit(t *testing.T) {
	t.Parallel()

	for _, row := range failure.Table() {
		if severity(failure.New(row.Code, "x")) < 0 {
			t.Errorf("%s with exit code %d has no rank", row.Code, row.Exit)
		}
	}
}
