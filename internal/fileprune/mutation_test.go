package fileprune_test

import (
	"testing"

	"steward/internal/mutanttest"
)

// TestEveryFlippedComparisonIsNoticed changes the package one operator at a time
// and demands that its other tests fail. With STEWARD_SOAK=1 it tries them all.
func TestEveryFlippedComparisonIsNoticed(t *testing.T) {
	t.Parallel()

	mutanttest.Check(t, mutanttest.Package{
		Asks: []string{"Before", "After", "Equal", "IsZero", "open", "namedAt", "left", "Left", "late"},
		Equivalent: map[string]string{
			"fileprune.go:229:62 > to >=": "no two manifests have one id",
		},
		// What rapid draws is the same for each mutant; it writes no file and shrinks nothing.
		Flags: []string{"-rapid.seed=1", "-rapid.nofailfile", "-rapid.shrinktime=0s"},
	})
}
