package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"steward/internal/erasure/standing"
)

// erasures are the gauges of the open erasures, as the newest audit found them. Their
// labels are the closed tables of stages, and of why a store cannot say when a subject is gone.
type erasures struct{ open, still, overdue, dayless, unsaid *prometheus.GaugeVec }

// newErasures makes them without a value: one that is not known is absent, and no zero.
func newErasures() erasures {
	return erasures{
		open: gauges("steward_erasures_open", "Erasures that had not ended at the newest audit, by stage.", "stage"),
		still: gauges("steward_erasures_still_seconds",
			"For how long the erasure that had not moved the longest had stood at its stage at the newest audit, of those that wait for "+
				"neither a person nor a day; 0 where there was none."),
		overdue: gauges("steward_erasures_overdue_seconds",
			"For how long the day had been over at the newest audit by which the subject of an erasure was to be gone, and the erasure "+
				"had not ended; 0 where there was none."),
		dayless: gauges("steward_erasures_without_day",
			"Erasures that waited at the newest audit while a store could not say when its subject is gone, by why; one may count under several.",
			"code"),
		unsaid: gauges("steward_erasures_without_day_seconds",
			"For how long the one of them had waited at the newest audit that had waited the longest, by why; 0 where there was none.", "code"),
	}
}

func (e erasures) all() []prometheus.Collector {
	return []prometheus.Collector{e.open, e.still, e.overdue, e.dayless, e.unsaid}
}

// Erasures shows until the next audit how the open erasures stood at this one.
func (m *Metrics) Erasures(at time.Time, found standing.Standing) {
	for _, stage := range standing.Stages() {
		m.erasures.open.WithLabelValues(string(stage)).Set(float64(found.Open[stage]))
	}

	m.erasures.still.WithLabelValues().Set(age(at, found.StillSince))
	m.erasures.overdue.WithLabelValues().Set(age(at, found.GoneSince))

	for _, reason := range standing.Reasons() {
		waits := found.Dayless[reason]
		m.erasures.dayless.WithLabelValues(string(reason)).Set(float64(waits.Cases))
		m.erasures.unsaid.WithLabelValues(string(reason)).Set(age(at, waits.Since))
	}
}
