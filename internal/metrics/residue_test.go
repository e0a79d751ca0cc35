package metrics_test

import (
	"strings"
	"testing"

	"steward/internal/clocks"
	"steward/internal/erasure"
)

func TestResidue(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "steward_residue") {
		t.Errorf("what is not known is shown:\n%s", text)
	}

	m.Residue(erasure.ResidueState{Since: start(), Left: 2, Unopened: 3})
	has(t, scrape(t, m), "steward_residue_erasures 2", "steward_residue_looked_timestamp_seconds 1.7953164e+09",
		"steward_residue_unopened_erasures 3")
}
