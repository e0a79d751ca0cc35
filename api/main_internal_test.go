package main

import (
	"os"
	"testing"

	"steward/internal/pgtest"
)

// runVariable makes the test program be the API itself: the same code as the binary,
// with signals of its own, without compiling it again.
const runVariable = "STEWARD_TEST_RUN_API"

func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "" {
		os.Exit(int(run()))
	}

	pgtest.Main(m)
}
