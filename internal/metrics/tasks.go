package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"steward/internal/task"
)

// tasks are the gauges of what people must do, as the newest audit found it. Their
// label is the closed table of kinds.
type tasks struct{ open, overdue *prometheus.GaugeVec }

func newTasks() tasks {
	return tasks{
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "steward_tasks_open", Help: "Tasks that nobody had done at the newest audit.",
		}, []string{"kind"}),
		overdue: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "steward_tasks_overdue", Help: "Those of them that were past their time.",
		}, []string{"kind"}),
	}
}

// Tasks shows how the open tasks stand until the next audit.
func (m *Metrics) Tasks(standings []task.Standing) {
	for _, standing := range standings {
		m.tasks.open.WithLabelValues(string(standing.Kind)).Set(float64(standing.Open))
		m.tasks.overdue.WithLabelValues(string(standing.Kind)).Set(float64(standing.Overdue))
	}
}
