package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"steward/internal/erasure"
)

// residues are the gauges of the nightly search for what is left of people in texts.
type residues struct{ left, looked, unopened *prometheus.GaugeVec }

// newResidues makes them without a value: one that is not known is absent, and no zero.
func newResidues() residues {
	return residues{
		left: gauges("steward_residue_erasures",
			"Open erasures of whose subject an identifier was found in a text, where nobody else decides about it."),
		looked: gauges("steward_residue_looked_timestamp_seconds",
			"Since when nobody has looked for the residue of some open erasure in some database; now, where everybody was looked for."),
		unopened: gauges("steward_residue_unopened_erasures",
			"Open erasures that the newest pass did not look for, since what they are about could not be opened."),
	}
}

func (r residues) all() []prometheus.Collector {
	return []prometheus.Collector{r.left, r.looked, r.unopened}
}

// Residue shows since when some open erasure was not looked for, of how many something is left, and how many do not open.
func (m *Metrics) Residue(found erasure.ResidueState) {
	m.residues.left.WithLabelValues().Set(float64(found.Left))
	m.residues.looked.WithLabelValues().Set(float64(found.Since.Unix()))
	m.residues.unopened.WithLabelValues().Set(float64(found.Unopened))
}
