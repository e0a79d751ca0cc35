package metrics_test

import (
	"strings"
	"testing"

	"steward/internal/clocks"
)

func TestReplay(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "steward_replay") {
		t.Errorf("what is not known is shown:\n%s", text)
	}

	m.Replay(start(), 2)
	has(t, scrape(t, m), "steward_replay_unknown_objects 2", "steward_replay_looked_timestamp_seconds 1.7953164e+09")
}
