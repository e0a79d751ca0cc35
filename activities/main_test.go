package activities_test

import (
	"testing"
	_ "time/tzdata" // the company's zone, on any machine

	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
