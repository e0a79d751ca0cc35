package idempotency_test

import (
	"testing"

	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
