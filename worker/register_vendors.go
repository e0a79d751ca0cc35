package main

import (
	"fmt"
	"net/http"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/keys"
	"steward/internal/mail"
	"steward/internal/outbox"
	"steward/internal/policy"
	"steward/internal/publicnet"
	"steward/internal/webhook"
	"steward/workflows"
)

// vendorsActivities is one pass of each kind, and one more while another ends.
const vendorsActivities = 4

// registerVendors adds what speaks to mail servers and to the app's webhooks. Its keys
// folder holds the master key and nothing else of Steward's.
func (p *process) registerVendors() error {
	master, err := casekey.ReadMaster(p.config.KeysDir)
	if err != nil {
		return fmt.Errorf("vendors: %w", err)
	}

	if p.policy.Mail == nil {
		return failure.New(failure.PolicyInvalid, "starting the vendors role (the policy has no section mail)")
	}

	server, err := mail.ParseServer(p.config.SMTP)
	if err != nil {
		return fmt.Errorf("vendors: %w", err)
	}

	server.Patience = p.config.Patience()
	keeper := casekey.Keeper{Master: master}

	queue := p.newWorker(workflows.VendorsQueue, vendorsActivities)
	queue.RegisterActivity(&activities.Mails{
		Patience: p.config.Patience(),
		Sender: outbox.Sender{
			Steward: p.steward, Keeper: keeper, Server: server, From: p.policy.Sender(), ReplyTo: p.policy.ReplyTo(), Clock: p.clock,
		},
	})
	queue.RegisterActivity(&activities.Webhooks{
		Patience: p.config.Patience(),
		Deliverer: webhook.Deliverer{
			Steward: p.steward, Keeper: keeper, Clock: p.clock, Patience: p.config.Patience(),
			Transport: faults.Transport{Base: p.publicTransport()},
		},
	})

	return nil
}

// publicTransport reaches public addresses only; in dev this machine too.
func (p *process) publicTransport() http.RoundTripper {
	return publicnet.Transport(publicnet.Rule{Loopback: p.config.Env == policy.Dev})
}

// registerMessages adds to the core role the workflows about mail, webhooks and own
// records. A core role of before the master key goes on without one: only what needs
// to seal something fails then.
func (p *process) registerMessages(queue worker.Worker, promises workflows.Promises) error {
	keeper, err := p.keeper()
	if err != nil {
		return err
	}

	queue.RegisterWorkflowWithOptions(promises.SendMail, workflow.RegisterOptions{Name: workflows.SendMailName})
	queue.RegisterWorkflowWithOptions(promises.DeliverWebhooks, workflow.RegisterOptions{Name: workflows.DeliverWebhooksName})
	queue.RegisterWorkflowWithOptions(promises.ExpireOwnRecords, workflow.RegisterOptions{Name: workflows.ExpireOwnRecordsName})
	queue.RegisterActivity(&activities.OwnRecords{Steward: p.steward, Keeper: keeper, Clock: p.clock, Patience: p.config.Patience()})

	return nil
}

// keeper holds the master key if this process was given one.
func (p *process) keeper() (casekey.Keeper, error) {
	if !keys.Holds(p.config.KeysDir, casekey.MasterFile) {
		p.log.Warn("no master key: nothing can be sealed here", "file", casekey.MasterFile)

		return casekey.Keeper{}, nil
	}

	master, err := casekey.ReadMaster(p.config.KeysDir)
	if err != nil {
		return casekey.Keeper{}, fmt.Errorf("core: %w", err)
	}

	return casekey.Keeper{Master: master}, nil
}
