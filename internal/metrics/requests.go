package metrics

import (
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Requests are the metrics of a process that answers requests. It is safe for
// concurrent use.
type Requests struct {
	registry   *prometheus.Registry
	operations []string
	unsaid     prometheus.Counter
	answered   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	notAfter   prometheus.Gauge
	notRead    prometheus.Counter
}

// NewRequests makes the metrics of an API that has these operations, with a registry
// of their own.
func NewRequests(operations []string, commit string) *Requests {
	m := &Requests{
		registry: prometheus.NewRegistry(), operations: operations,
		unsaid: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "steward_api_refused_from_proxies_total",
			Help: "Wrong credentials from a proxy that did not say who called; the log for fail2ban does not have them.",
		}),
		answered: counters("steward_api_requests_total", "Requests that were answered, by operation and HTTP status.", "operation", "status"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "steward_api_request_seconds", Help: "How long an answer took.", Buckets: requestBuckets(),
		}, []string{"operation"}),
		notAfter: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "steward_api_certificate_not_after_timestamp_seconds",
			Help: "When the certificate in use ends; +Inf where a proxy has it.",
		}),
		notRead: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "steward_api_certificate_reload_failures_total",
			Help: "Looks at the files of the certificate that could not read them.",
		}),
	}
	m.notAfter.Set(math.Inf(1))

	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "steward_build_info", Help: "1, with what this process is.",
	}, []string{"version", "commit", "role"})
	build.WithLabelValues(commit, commit, "api").Set(1)
	m.registry.MustRegister(m.unsaid)

	m.registry.MustRegister(build, m.answered, m.seconds, m.notAfter, m.notRead, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))

	return m
}

// Registry is what /metrics shows.
func (m *Requests) Registry() *prometheus.Registry { return m.registry }

// Answered counts one answer. An operation that is not of this API, such as none at
// all, is counted under "other".
func (m *Requests) Answered(operation string, status int, took time.Duration) {
	if !slices.Contains(m.operations, operation) {
		operation = other
	}

	m.answered.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
}

// Certificate shows when the certificate in use ends, and counts a look at its files that
// could not read them.
func (m *Requests) Certificate(notAfter time.Time, err error) {
	m.notAfter.Set(seconds(notAfter))

	if err != nil {
		m.notRead.Inc()
	}
}

// RefusedFromProxy counts a wrong credential that came from a proxy which did not say
// who called.
func (m *Requests) RefusedFromProxy() { m.unsaid.Inc() }

// requestBuckets span an answer from memory (half a millisecond) and one that waited as
// long as any may (16 s).
func requestBuckets() []float64 {
	const first, factor, count = 0.0005, 2, 16

	return prometheus.ExponentialBuckets(first, factor, count)
}
