package prune_test

import (
	"testing"

	"steward/internal/mutanttest"
)

// TestEveryFlippedComparisonIsNoticed changes the package one operator at a time
// and demands that its other tests fail. With STEWARD_SOAK=1 it tries them all.
func TestEveryFlippedComparisonIsNoticed(t *testing.T) {
	t.Parallel()

	mutanttest.Check(t, mutanttest.Package{Asks: []string{
		"Before", "After", "Equal", "IsZero", "reached", "current", "present", "open", "holds", "late", "Contains", "HasPrefix",
	}})
}
