package metrics_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/clocks"
	"steward/internal/metrics"
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

	const asked = "steward_copies_asked_timestamp_seconds "

	m.Copies(start(), map[string]int{"steward": 0}, []string{"app"})
	lacks(t, m, `steward_copies_undeclared{database="app"}`, asked) // nobody knows, which is no zero

	m.Copies(start(), map[string]int{"app": 2, "steward": 0}, nil)
	has(t, scrape(t, m), `steward_copies_undeclared{database="app"} 2`, `steward_copies_undeclared{database="steward"} 0`, asked+"1.7953164e+09")

	// What was there is there until the database says something else; that there was nothing is not known any more.
	m.Copies(start().Add(time.Hour), nil, []string{"app", "steward"})
	has(t, scrape(t, m), `steward_copies_undeclared{database="app"} 2`, asked+"1.7953164e+09")
	lacks(t, m, `steward_copies_undeclared{database="steward"}`)

	m.Copies(start(), map[string]int{"steward": 0}, nil) // it left the data map
	lacks(t, m, `steward_copies_undeclared{database="app"}`)
}

func lacks(t *testing.T, m *metrics.Metrics, series ...string) {
	t.Helper()

	text := strings.Join(scrape(t, m), "\n")
	for _, each := range series {
		if strings.Contains(text, "\n"+each) {
			t.Errorf("%s is shown:\n%s", each, text)
		}
	}
}
