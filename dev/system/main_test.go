// Package system_test runs the whole of Steward: the real binaries against the
// real Temporal server, real PostgreSQL and the GCS emulator, in the worlds of
// package harness.
package system_test

import (
	"testing"

	"steward/dev/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
