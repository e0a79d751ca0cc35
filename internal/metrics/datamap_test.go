package metrics_test

import (
	"strings"
	"testing"

	"steward/internal/clocks"
)

func TestDataMap(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "steward_datamap") || strings.Contains(text, "steward_copies") {
		t.Errorf("what is not known is shown:\n%s", text)
	}

	m.DataMap(start(), 3, 1)
	has(t, scrape(t, m), `steward_datamap_findings{severity="wrong"} 3`, `steward_datamap_findings{severity="note"} 1`,
		"steward_datamap_compared_timestamp_seconds 1.7953164e+09")

	m.Copies(map[string]int{"app": 2, "steward": 0})
	has(t, scrape(t, m), `steward_copies_undeclared{database="app"} 2`, `steward_copies_undeclared{database="steward"} 0`)
	m.Copies(map[string]int{"steward": 0})

	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, `steward_copies_undeclared{database="app"}`) {
		t.Errorf("a database that was not asked is shown:\n%s", text)
	}
}
