package main

import (
	"os"
	"testing"

	"steward/internal/policy"
	"steward/workflows"
)

// A policy without mail, as all were before, needs nobody who sends any: only the end of
// own records comes.
func TestMessagesHaveTheirSchedules(t *testing.T) {
	t.Parallel()

	const file = "../internal/policy/testdata/working_alerts.yaml"

	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	rules, err := policy.Parse(file, src)
	if err != nil {
		t.Fatal(err)
	}

	found := messageSchedules(rules)
	if len(found) != 3 || found[0].ID != "records/expire" || found[1].ID != "mail/outbox" || found[1].Every != messagesEvery ||
		found[2].Workflow != workflows.DeliverWebhooksName {
		t.Errorf("%+v", found)
	}

	rules.Mail = nil
	if found := messageSchedules(rules); len(found) != 2 || found[1].ID != "webhooks/deliveries" {
		t.Errorf("%+v", found)
	}

	rules.Alerts = nil
	if found := messageSchedules(rules); len(found) != 1 || found[0].Workflow != workflows.ExpireOwnRecordsName {
		t.Errorf("%+v", found)
	}
}
