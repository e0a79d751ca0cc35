package metrics_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/clocks"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/webhook"
)

func TestMessagesAndOwnRecords(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))

	// What is not known is not shown as a zero.
	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "steward_mail") || strings.Contains(text, "steward_webhook") ||
		strings.Contains(text, "steward_own_records") {
		t.Error(text)
	}

	m.Messages(start(), outbox.Standing{
		OverdueSince: start().Add(-time.Minute), WaitingSince: start().Add(-time.Hour), Failed: map[outbox.State]int64{outbox.Refused: 2},
	}, webhook.Standing{
		Disabled: 1, OverdueSince: start().Add(-2 * time.Minute), WaitingSince: start().Add(-2 * time.Hour), GivenUp: 3,
	})
	m.OwnRecords(start(), []ownrecords.Late{{Table: "mail", Since: start().Add(-time.Hour)}, {Table: "tasks"}, {Table: canary, Since: start()}})

	lines := scrape(t, m)
	has(t, lines,
		`steward_mail_overdue_seconds 60`, `steward_mail_oldest_waiting_seconds 3600`,
		`steward_mail_failed{state="refused"} 2`, `steward_mail_failed{state="given_up"} 0`, `steward_mail_failed{state="uncertain"} 0`,
		`steward_mail_failed{state="bounced"} 0`, `steward_mail_failed{state="complained"} 0`,
		`steward_webhook_overdue_seconds 120`, `steward_webhook_oldest_waiting_seconds 7200`,
		`steward_webhook_given_up 3`, `steward_webhook_endpoints_disabled 1`,
		`steward_own_records_overdue_seconds{table="mail"} 3600`, `steward_own_records_overdue_seconds{table="tasks"} 0`)

	if text := strings.Join(lines, "\n"); strings.Contains(text, canary) {
		t.Error(text)
	}

	// The next audit found all well.
	m.Messages(start(), outbox.Standing{}, webhook.Standing{})
	m.OwnRecords(start(), []ownrecords.Late{{Table: "mail"}})
	has(t, scrape(t, m), `steward_mail_overdue_seconds 0`, `steward_mail_oldest_waiting_seconds 0`, `steward_mail_failed{state="refused"} 0`,
		`steward_webhook_overdue_seconds 0`, `steward_webhook_given_up 0`, `steward_webhook_endpoints_disabled 0`,
		`steward_own_records_overdue_seconds{table="mail"} 0`)
}
