package main

import (
	"time"

	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/setup"
	"steward/workflows"
)

// How often messages are sent, and own records ended. What was missed is made up by the
// next run, which looks at everything again.
const (
	messagesEvery = time.Minute
	recordsEvery  = time.Hour
	recordsJitter = time.Minute
)

// messageSchedules end own records, send mails where the policy has a sender, and deliver
// webhooks where the role of the worker is there that both need.
func messageSchedules(p *policy.Policy) []setup.Schedule {
	wanted := []setup.Schedule{{
		ID: ids.OwnRecords(), Workflow: workflows.ExpireOwnRecordsName, Queue: workflows.CoreQueue,
		Summary: "End own records at their dates", Every: recordsEvery, Jitter: recordsJitter, CatchUp: recordsEvery,
	}}

	if p.Mail != nil {
		wanted = append(wanted, setup.Schedule{
			ID: ids.Mail(), Workflow: workflows.SendMailName, Queue: workflows.CoreQueue,
			Summary: "Send the mails that are due", Every: messagesEvery, CatchUp: messagesEvery,
		})
	}

	if p.Messages() {
		wanted = append(wanted, setup.Schedule{
			ID: ids.Webhooks(), Workflow: workflows.DeliverWebhooksName, Queue: workflows.CoreQueue,
			Summary: "Deliver the events that are due", Every: messagesEvery, CatchUp: messagesEvery,
		})
	}

	return wanted
}
