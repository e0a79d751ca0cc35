package metrics

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// dataMap are the gauges of the data map, as the newest comparison found it. Its labels are a closed table, and names of
// databases in the policy.
type dataMap struct {
	findings, compared, copies, asked *prometheus.GaugeVec

	// mu guards shown: how many copies are shown of each database.
	mu    sync.Mutex
	shown map[string]int
}

// newDataMap makes them without a value: one that is not known is absent, and no zero.
func newDataMap() *dataMap {
	return &dataMap{
		findings: gauges("steward_datamap_findings",
			"What the newest comparison of the data map with the databases found, by severity; \"wrong\" stops every erasure.", "severity"),
		compared: gauges("steward_datamap_compared_timestamp_seconds", "When the data map was compared with the databases."),
		copies: gauges("steward_copies_undeclared",
			"Kinds of copies that the server of a database knew of at the newest comparison, and that the policy does not declare.", "database"),
		asked: gauges("steward_copies_asked_timestamp_seconds", "When each database last said, at one comparison, which copies it has."),
	}
}

func (d *dataMap) all() []prometheus.Collector {
	return []prometheus.Collector{d.findings, d.compared, d.copies, d.asked}
}

// DataMap shows until the next comparison what this one found.
func (m *Metrics) DataMap(at time.Time, wrong, notes int) {
	m.dataMap.findings.WithLabelValues("wrong").Set(float64(wrong))
	m.dataMap.findings.WithLabelValues("note").Set(float64(notes))
	m.dataMap.compared.WithLabelValues().Set(float64(at.Unix()))
}

// Copies shows until the next comparison how many copies that nobody declared each database has that was asked at an instant. Of one
// that is silent, since it could not be asked, copies that are shown stay shown, and that there were none is not known any more; one
// that is neither is absent. Only where none is silent everybody was asked.
func (m *Metrics) Copies(at time.Time, undeclared map[string]int, silent []string) {
	d := m.dataMap

	d.mu.Lock()
	defer d.mu.Unlock()

	next := map[string]int{}

	for database, count := range d.shown {
		if count > 0 && slices.Contains(silent, database) {
			next[database] = count
		}
	}

	maps.Copy(next, undeclared)
	d.copies.Reset()

	for database, count := range next {
		d.copies.WithLabelValues(database).Set(float64(count))
	}

	d.shown = next

	if len(silent) == 0 {
		d.asked.WithLabelValues().Set(float64(at.Unix()))
	}
}
