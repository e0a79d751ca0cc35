package metrics_test

import (
	"strings"
	"testing"

	"steward/internal/clocks"
)

func TestDataMap(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "steward_datamap") {
		t.Errorf("what is not known is shown:\n%s", text)
	}

	m.DataMap(start(), 3, 1)
	has(t, scrape(t, m), `steward_datamap_findings{severity="wrong"} 3`, `steward_datamap_findings{severity="note"} 1`,
		"steward_datamap_compared_timestamp_seconds 1.7953164e+09")
}
