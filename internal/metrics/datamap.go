package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// dataMap are the gauges of the data map, as the newest comparison found it. Its labels are a closed table.
type dataMap struct{ findings, compared *prometheus.GaugeVec }

// newDataMap makes them without a value: one that is not known is absent, and no zero.
func newDataMap() dataMap {
	return dataMap{
		findings: gauges("steward_datamap_findings",
			"What the newest comparison of the data map with the databases found, by severity; \"wrong\" stops every erasure.", "severity"),
		compared: gauges("steward_datamap_compared_timestamp_seconds", "When the data map was compared with the databases."),
	}
}

func (d dataMap) all() []prometheus.Collector { return []prometheus.Collector{d.findings, d.compared} }

// DataMap shows until the next comparison what this one found.
func (m *Metrics) DataMap(at time.Time, wrong, notes int) {
	m.dataMap.findings.WithLabelValues("wrong").Set(float64(wrong))
	m.dataMap.findings.WithLabelValues("note").Set(float64(notes))
	m.dataMap.compared.WithLabelValues().Set(float64(at.Unix()))
}
