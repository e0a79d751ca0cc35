package main

import (
	"fmt"
	"net/http"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/alert"
	"steward/internal/casekey"
	"steward/internal/config"
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

	keeper, queue := casekey.Keeper{Master: master}, p.newWorker(workflows.VendorsQueue, vendorsActivities)

	if p.policy.Mail != nil {
		if err := p.registerMail(queue, keeper); err != nil {
			return fmt.Errorf("vendors: %w", err)
		}
	}

	queue.RegisterActivity(&activities.Webhooks{
		Patience: p.config.Patience(),
		Deliverer: webhook.Deliverer{
			Steward: p.steward, Keeper: keeper, Clock: p.clock, Patience: p.config.Patience(),
			Transport: faults.Transport{Base: p.publicTransport()},
		},
	})

	return nil
}

// registerMail adds the sending of mail, for a policy that says how it is written.
func (p *process) registerMail(queue worker.Worker, keeper casekey.Keeper) error {
	if err := config.Need(map[string]string{"STEWARD_SMTP_URL": p.config.SMTP}); err != nil {
		return fmt.Errorf("sending mail: %w", err)
	}

	server, err := mail.ParseServer(p.config.SMTP)
	if err != nil {
		return fmt.Errorf("sending mail: %w", err)
	}

	server.Patience = p.config.Patience()
	queue.RegisterActivity(&activities.Mails{
		Patience: p.config.Patience(),
		Sender: outbox.Sender{
			Steward: p.steward, Keeper: keeper, Server: server, From: p.policy.Sender(), ReplyTo: p.policy.ReplyTo(), Clock: p.clock,
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
	queue.RegisterWorkflowWithOptions(promises.DatamapAudit, workflow.RegisterOptions{Name: workflows.DatamapAuditName})
	queue.RegisterActivity(&activities.OwnRecords{Steward: p.steward, Keeper: keeper, Clock: p.clock, Patience: p.config.Patience()})

	return nil
}

// keeper holds the master key if this process was given one.
func (p *process) keeper() (casekey.Keeper, error) {
	held, err := keys.Holds(p.config.KeysDir, casekey.MasterFile)
	if err != nil {
		return casekey.Keeper{}, fmt.Errorf("core: %w", err)
	}

	if !held {
		p.log.Warn("no master key: nothing can be sealed here", "file", casekey.MasterFile)

		return casekey.Keeper{}, nil
	}

	master, err := casekey.ReadMaster(p.config.KeysDir)
	if err != nil {
		return casekey.Keeper{}, fmt.Errorf("core: %w", err)
	}

	return casekey.Keeper{Master: master}, nil
}

// tellers are the ways in which the policy wants people to be told. It fails with
// ConfigInvalid where one of them is mail and this process has no master key.
func (p *process) tellers() ([]alert.Teller, error) {
	keeper, err := p.keeper()
	if err != nil {
		return nil, err
	}

	means := alert.Means{
		Log: p.log, Steward: p.steward, KeepWebhooks: p.policy.KeepWebhooks(), Company: p.policy.Company.Name, Clock: p.clock,
	}

	if p.policy.Mail != nil {
		means.Box = outbox.Box{
			Keeper: keeper, From: p.policy.Sender(), GiveUp: p.policy.Mail.GiveUp(), Keep: p.policy.KeepMail(),
		}
	}

	for _, way := range p.policy.Alerts {
		if way.Kind == policy.AlertMail {
			if err := keeper.Ready(); err != nil {
				return nil, fmt.Errorf("core: alerts by mail: %w", err)
			}
		}
	}

	return alert.Tellers(p.policy.Alerts, means), nil
}
