package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// dataMap are the gauges of the data map, as the newest comparison found it. Its labels are a closed table, and names of
// databases in the policy.
type dataMap struct{ findings, compared, copies *prometheus.GaugeVec }

// newDataMap makes them without a value: one that is not known is absent, and no zero.
func newDataMap() dataMap {
	return dataMap{
		findings: gauges("steward_datamap_findings",
			"What the newest comparison of the data map with the databases found, by severity; \"wrong\" stops every erasure.", "severity"),
		compared: gauges("steward_datamap_compared_timestamp_seconds", "When the data map was compared with the databases."),
		copies: gauges("steward_copies_undeclared",
			"Kinds of copies that the server of a database knew of at the newest comparison, and that the policy does not declare.", "database"),
	}
}

func (d dataMap) all() []prometheus.Collector {
	return []prometheus.Collector{d.findings, d.compared, d.copies}
}

// DataMap shows until the next comparison what this one found.
func (m *Metrics) DataMap(at time.Time, wrong, notes int) {
	m.dataMap.findings.WithLabelValues("wrong").Set(float64(wrong))
	m.dataMap.findings.WithLabelValues("note").Set(float64(notes))
	m.dataMap.compared.WithLabelValues().Set(float64(at.Unix()))
}

// Copies shows until the next comparison how many copies that nobody declared each database has that was asked; one that was not is
// absent.
func (m *Metrics) Copies(undeclared map[string]int) {
	m.dataMap.copies.Reset()

	for database, count := range undeclared {
		m.dataMap.copies.WithLabelValues(database).Set(float64(count))
	}
}
