package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// residues are the gauges of the nightly search for what is left of people in texts.
type residues struct{ left, looked *prometheus.GaugeVec }

// newResidues makes them without a value: one that is not known is absent, and no zero.
func newResidues() residues {
	return residues{
		left: gauges("steward_residue_erasures",
			"Open erasures of whose subject an identifier was found in a text, where nobody else decides about it."),
		looked: gauges("steward_residue_looked_timestamp_seconds",
			"Since when nobody has looked for the residue of some open erasure; now, where everybody was looked for."),
	}
}

func (r residues) all() []prometheus.Collector { return []prometheus.Collector{r.left, r.looked} }

// Residue shows since when some open erasure was not looked for, and of how many something is left.
func (m *Metrics) Residue(since time.Time, left int) {
	m.residues.left.WithLabelValues().Set(float64(left))
	m.residues.looked.WithLabelValues().Set(float64(since.Unix()))
}
