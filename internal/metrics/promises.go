package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"steward/internal/clocks"
	"steward/internal/evidence/history"
	"steward/internal/policy"
	"steward/internal/promise"
)

// promises collects the gauges of the newest audit. Ages are computed when they
// are scraped, so that they grow while the worker is idle or the audit is stuck.
// Before the first audit of a process there is nothing: absent() rules notice.
type promises struct {
	clock clocks.Clock
	items map[promise.Key]bool // the vocabulary of the label item

	state, age, due, lastRun, unsealed *prometheus.Desc

	mu       sync.Mutex
	at       time.Time        // of the newest audit, zero before it; owned by mu
	statuses []promise.Status // owned by mu
	waiting  int64            // entries without a seal; owned by mu
}

func newPromises(clock clocks.Clock, rules *policy.Policy) *promises {
	p := &promises{
		clock: clock, items: map[promise.Key]bool{},
		state: prometheus.NewDesc("steward_promise_state",
			"1 for the state that the newest audit found, 0 for the others.", []string{"promise", "item", "state"}, nil),
		age: prometheus.NewDesc("steward_promise_evidence_age_seconds",
			"Age of the newest evidence, now. Absent while there is none.", []string{"promise", "item"}, nil),
		due: prometheus.NewDesc("steward_promise_next_due_timestamp_seconds",
			"When the next evidence must exist.", []string{"promise", "item"}, nil),
		lastRun: prometheus.NewDesc("steward_promise_audit_last_run_timestamp_seconds",
			"When the newest audit judged.", nil, nil),
		unsealed: prometheus.NewDesc("steward_ledger_unsealed_entries",
			"Entries of the ledger that waited for their seal at the newest audit.", nil, nil),
	}

	for _, rule := range rules.Rules() {
		p.items[promise.Key{Promise: rule.Name}] = true

		if rule.Backups != nil {
			for _, database := range rule.Backups.Databases {
				p.items[promise.Key{Promise: rule.Name, Item: database}] = true
			}
		}
	}

	return p
}

func (p *promises) set(at time.Time, statuses []promise.Status, waiting int64) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.at, p.statuses, p.waiting = at, nil, waiting

	left := promise.Status{}

	for _, status := range statuses {
		switch {
		case p.items[promise.Key{Promise: status.Promise, Item: status.Item}]:
			p.statuses = append(p.statuses, status)
		case status.LeftPolicy && status.Promise == promise.Backups:
			left = worse(left, status)
		}
	}

	if left.Item != "" {
		p.statuses = append(p.statuses, left)
	}
}

// leftItem is the item of all that left the policy and is still stored: their names are
// of no vocabulary that this process knows.
const leftItem = "(left the policy)"

// worse joins one more item that left the policy to those before it.
func worse(left, status promise.Status) promise.Status {
	rank := func(state promise.State) int {
		return slices.Index([]promise.State{promise.Broken, promise.AtRisk}, state)
	}
	due := left.NextDue

	if r := rank(status.State); left.Item == "" || r >= 0 && (rank(left.State) < 0 || r < rank(left.State)) {
		left = promise.Status{Promise: status.Promise, Item: leftItem, State: status.State}
	}

	left.NextDue = due
	if due.IsZero() || !status.NextDue.IsZero() && status.NextDue.Before(due) {
		left.NextDue = status.NextDue
	}

	return left
}

// Describe implements prometheus.Collector.
func (p *promises) Describe(into chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{p.state, p.age, p.due, p.lastRun, p.unsealed} {
		into <- desc
	}
}

// Collect implements prometheus.Collector.
func (p *promises) Collect(into chan<- prometheus.Metric) {
	p.mu.Lock()
	at, statuses, waiting := p.at, p.statuses, p.waiting
	p.mu.Unlock()

	if at.IsZero() {
		return
	}

	into <- gauge(p.lastRun, seconds(at))
	into <- gauge(p.unsealed, float64(waiting))

	now := p.clock.Now()

	for _, status := range statuses {
		name, item := string(status.Promise), status.Item

		for _, state := range states() {
			into <- gauge(p.state, truth(status.State == state), name, item, history.StateCode(state))
		}

		if !status.NewestEvidence.IsZero() {
			into <- gauge(p.age, now.Sub(status.NewestEvidence).Seconds(), name, item)
		}

		if !status.NextDue.IsZero() {
			into <- gauge(p.due, seconds(status.NextDue), name, item)
		}
	}
}

// states are the values of the label state.
func states() []promise.State {
	return []promise.State{promise.Kept, promise.AtRisk, promise.Broken, promise.Armed, promise.Observed, promise.NotBuilt}
}

func gauge(desc *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

func seconds(at time.Time) float64 {
	return float64(at.UnixMilli()) / float64(time.Second/time.Millisecond)
}

func truth(is bool) float64 {
	if is {
		return 1
	}

	return 0
}
