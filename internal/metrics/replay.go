package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// replays are the gauges of the bucket of replay records.
type replays struct{ unknown, looked *prometheus.GaugeVec }

// newReplays makes them without a value: one that is not known is absent, and no zero.
func newReplays() replays {
	return replays{
		unknown: gauges("steward_replay_unknown_objects",
			"Objects in the bucket of replay records of no erasure that is known, at the newest look through all of it; young ones are left out."),
		looked: gauges("steward_replay_looked_timestamp_seconds",
			"When all of the bucket of replay records was last looked through, and what is left of ended erasures was removed."),
	}
}

func (r replays) all() []prometheus.Collector { return []prometheus.Collector{r.unknown, r.looked} }

// Replay shows until the next look through the bucket of replay records what this one found.
func (m *Metrics) Replay(at time.Time, unknown int) {
	m.replays.unknown.WithLabelValues().Set(float64(unknown))
	m.replays.looked.WithLabelValues().Set(float64(at.Unix()))
}
