package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/webhook"
)

// messages are the gauges of mail, of webhooks and of Steward's own dated records, as the
// newest audit found them. Their labels are closed tables: states of a mail, and tables
// of the steward database.
type messages struct {
	mailOverdue, mailWaiting, mailFailed                        *prometheus.GaugeVec
	webhooksOverdue, webhooksWaiting, webhooksGivenUp, disabled *prometheus.GaugeVec
	recordsOverdue                                              *prometheus.GaugeVec
}

// newMessages makes them without a value: one that is not known is absent, and no zero.
func newMessages() messages {
	return messages{
		mailOverdue: gauges("steward_mail_overdue_seconds",
			"For how long a mail had been due at the newest audit while no server had taken any for 15 minutes; 0 where none was."),
		mailWaiting: gauges("steward_mail_oldest_waiting_seconds",
			"For how long the oldest mail that no server had taken had waited at the newest audit; 0 where none did."),
		mailFailed: gauges("steward_mail_failed",
			"Mails that did not arrive, by state, in the day before the newest audit.", "state"),
		webhooksOverdue: gauges("steward_webhook_overdue_seconds",
			"For how long a delivery had been due at the newest audit to an endpoint that nobody had called for 15 minutes; 0 where none was."),
		webhooksWaiting: gauges("steward_webhook_oldest_waiting_seconds",
			"For how long the oldest delivery that no endpoint had taken had waited at the newest audit; 0 where none did."),
		webhooksGivenUp: gauges("steward_webhook_given_up",
			"Deliveries to endpoints that were given up in the day before the newest audit."),
		disabled: gauges("steward_webhook_endpoints_disabled",
			"Endpoints that said that they are gone, and to which nothing is sent."),
		recordsOverdue: gauges("steward_own_records_overdue_seconds",
			"For how long a row of Steward's own had been past its end date at the newest audit, by table; 0 where none was.", "table"),
	}
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func (m messages) all() []prometheus.Collector {
	return []prometheus.Collector{
		m.mailOverdue, m.mailWaiting, m.mailFailed, m.webhooksOverdue, m.webhooksWaiting, m.webhooksGivenUp, m.disabled, m.recordsOverdue,
	}
}

// Messages shows until the next audit how mail and webhooks stood at this one.
func (m *Metrics) Messages(at time.Time, mails outbox.Standing, deliveries webhook.Standing) {
	all := m.messages

	all.mailOverdue.WithLabelValues().Set(age(at, mails.OverdueSince))
	all.mailWaiting.WithLabelValues().Set(age(at, mails.WaitingSince))

	for _, state := range outbox.Failures() {
		all.mailFailed.WithLabelValues(string(state)).Set(float64(mails.Failed[state]))
	}

	all.webhooksOverdue.WithLabelValues().Set(age(at, deliveries.OverdueSince))
	all.webhooksWaiting.WithLabelValues().Set(age(at, deliveries.WaitingSince))
	all.webhooksGivenUp.WithLabelValues().Set(float64(deliveries.GivenUp))
	all.disabled.WithLabelValues().Set(float64(deliveries.Disabled))
}

// OwnRecords shows until the next audit how long rows were past their end at this one.
// Tables that are not in ownrecords.Tables are left out.
func (m *Metrics) OwnRecords(at time.Time, all []ownrecords.Late) {
	for _, late := range all {
		if slices.ContainsFunc(ownrecords.Tables(), func(t ownrecords.Table) bool { return t.Name == late.Table }) {
			m.messages.recordsOverdue.WithLabelValues(late.Table).Set(late.For(at).Seconds())
		}
	}
}

// age is how many seconds ago something began; 0 for what did not begin.
func age(at, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}

	return max(at.Sub(since), 0).Seconds()
}
