package evidence_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func run(t *testing.T, q postgres.Queryer, sql string, args ...any) {
	t.Helper()

	if _, err := q.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// demo is a small policy: two databases, everything enforced.
func demo(t *testing.T) *policy.Policy {
	t.Helper()

	p, err := policy.Load("../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	return p
}
