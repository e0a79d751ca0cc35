// Package metrics shows on /metrics how well the promises are kept, and on
// /healthz what this process cannot reach.
//
// Labels come from closed vocabularies only: promises and databases of the
// policy, registered activities, codes of the failure table. Whatever else is
// handed in is counted under "other", so that no personal data can become a
// label. Each process has its own registry; nothing is global.
package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/promise"
)

// other stands for whatever is not in the vocabulary of a label.
const other = "other"

// Options say what the metrics are about.
type Options struct {
	// Clock tells the time that promises go by; ages are computed with it.
	Clock clocks.Clock
	// Policy gives the promises and the databases.
	Policy *policy.Policy
	// Activities are the registered names of the activities of this process.
	Activities []string
	// Version, Commit and Role describe the process, for steward_build_info.
	Version, Commit, Role string
}

// Metrics are those of one process. It is safe for concurrent use.
type Metrics struct {
	registry   *prometheus.Registry
	promises   *promises
	tasks      tasks
	messages   messages
	dataMap    *dataMap
	erasures   erasures
	residues   residues
	replays    replays
	activities []string

	activityFailures  *prometheus.CounterVec
	activitySeconds   *prometheus.HistogramVec
	sealErrors        *prometheus.CounterVec
	heartbeatFailures *prometheus.CounterVec
	unheard           *prometheus.CounterVec
	verifyFailures    *prometheus.CounterVec
}

// New makes the metrics with a registry of their own, which holds those of the
// Go runtime and of the process too.
func New(options Options) *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		promises:   newPromises(options.Clock, options.Policy),
		tasks:      newTasks(),
		messages:   newMessages(),
		dataMap:    newDataMap(),
		erasures:   newErasures(),
		residues:   newResidues(),
		replays:    newReplays(),
		activities: options.Activities,
		activityFailures: counters("steward_activity_failures_total",
			"Attempts of activities that failed, by the code of the failure table.", "activity", "code"),
		activitySeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "steward_activity_seconds", Help: "How long an attempt of an activity took.", Buckets: buckets(),
		}, []string{"activity"}),
		sealErrors: counters("steward_ledger_seal_errors_total",
			"Seals of the ledger that failed, by the code of the failure table.", "code"),
		heartbeatFailures: counters("steward_heartbeat_failures_total",
			"Calls of heartbeat URLs outside that were not accepted.", "promise"),
		unheard: counters("steward_alerts_unheard_total",
			"Alerts that reached nobody, since no way of telling had anybody to tell; counted at each audit.", "promise"),
		verifyFailures: counters("steward_ledger_verification_failures_total",
			"Verifications of the ledger that could not read both copies, by the code of the failure table.", "code"),
	}

	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "steward_build_info", Help: "1, with what this process is.",
	}, []string{"version", "commit", "role"})
	build.WithLabelValues(options.Version, options.Commit, options.Role).Set(1)

	m.registry.MustRegister(build, m.promises, m.tasks.open, m.tasks.overdue, m.activityFailures, m.activitySeconds, m.sealErrors,
		m.heartbeatFailures, m.unheard, m.verifyFailures,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(m.messages.all()...)
	m.registry.MustRegister(m.dataMap.all()...)
	m.registry.MustRegister(m.erasures.all()...)
	m.registry.MustRegister(m.residues.all()...)
	m.registry.MustRegister(m.replays.all()...)

	// Prometheus sees an increase only of what was there before, and the first alert counts.
	for _, row := range promise.Table() {
		m.unheard.WithLabelValues(string(row.Name))
	}

	return m
}

// Registry is what /metrics shows.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Audited shows the outcome of an audit until the next one.
func (m *Metrics) Audited(at time.Time, statuses []promise.Status, unsealed int64) {
	m.promises.set(at, statuses, unsealed)
}

// SealFailed counts a seal of the ledger that failed; nil is no failure.
func (m *Metrics) SealFailed(err error) {
	if err != nil {
		m.sealErrors.WithLabelValues(code(err)).Inc()
	}
}

// VerificationFailed counts a verification that could not read both copies.
func (m *Metrics) VerificationFailed(err error) {
	if err != nil {
		m.verifyFailures.WithLabelValues(code(err)).Inc()
	}
}

// HeartbeatFailed counts a call of a promise's heartbeat that was not accepted.
func (m *Metrics) HeartbeatFailed(name promise.Name) {
	m.heartbeatFailures.WithLabelValues(promiseLabel(name)).Inc()
}

// AlertUnheard counts an alert about a promise that reached nobody, whichever way of
// telling was tried.
func (m *Metrics) AlertUnheard(name promise.Name) {
	m.unheard.WithLabelValues(promiseLabel(name)).Inc()
}

// activity ran for a while, and ended with err.
func (m *Metrics) activity(name string, took time.Duration, err error) {
	if !slices.Contains(m.activities, name) {
		name = other
	}

	m.activitySeconds.WithLabelValues(name).Observe(took.Seconds())

	if err != nil {
		m.activityFailures.WithLabelValues(name, code(err)).Inc()
	}
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// buckets span a look into the database (10 ms) and the dump of a big one (3 h).
func buckets() []float64 {
	const first, factor, count = 0.01, 4, 11

	return prometheus.ExponentialBuckets(first, factor, count)
}

// code is the code of an error, from the closed failure table.
func code(err error) string { return string(failure.Lookup(codeOf(err)).Code) }

func promiseLabel(name promise.Name) string {
	if _, known := promise.Find(name); !known {
		return other
	}

	return string(name)
}
