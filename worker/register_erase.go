package main

import (
	"context"
	"fmt"
	"time"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/mod/sumdb/note"

	"steward/activities"
	"steward/internal/casekey"
	"steward/internal/certificate"
	"steward/internal/erasure"
	"steward/internal/erasure/everywhere"
	"steward/internal/erasure/motor"
	"steward/internal/erasure/nightly"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/hold"
	"steward/internal/keys"
	"steward/internal/ledger"
	"steward/internal/ledger/seal"
	"steward/internal/promise"
	"steward/internal/pseudonymkey"
	"steward/internal/replay"
	"steward/workflows"
)

// eraseActivities is how many steps of erasures are at work at once: each is a few
// connections of the app's database, which is busy with its own people.
const eraseActivities = 2

// registerErase adds what looks into the stores and erases. A policy without a bucket for replay records, or a clone
// without a data map, erases nothing: then the role has nothing to do, and says so.
func (p *process) registerErase(ctx context.Context) error {
	if p.policy.Storage.Replay == "" || p.policy.Promises.Erasure == nil {
		p.log.WarnContext(ctx, "the policy promises no erasure, or names no bucket in storage.replay: this role has nothing to do")

		return nil
	}

	master, err := casekey.ReadMaster(p.config.KeysDir)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}

	replayKey, err := replay.ReadKey(p.config.KeysDir)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}

	records := replay.Records{
		Bucket: p.storage.Bucket(p.policy.Storage.Replay), Catalogue: replay.Catalogue{DB: p.steward}, Key: replayKey,
	}
	p.background = append(p.background, p.sweep(records))

	eraser := erasure.Eraser{
		Steward: p.steward, Keeper: casekey.Keeper{Master: master, Erasures: true}, Clock: p.clock, Records: records,
	}

	pseudonyms := pseudonymkey.Keys{DB: p.steward, Keeper: eraser.Keeper, Clock: p.clock}
	eraser.Pseudonyms = pseudonyms.For

	p.places, err = everywhere.Open(ctx, everywhere.From{
		Config: p.config, Policy: p.policy, Storage: p.storage, Steward: p.steward, Clock: p.clock, Log: p.log,
		Address: p.config.EraseURL, Pseudonyms: eraser.Pseudonyms, OtherPseudonyms: pseudonyms.Others,
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}

	eraser.Stores, eraser.Apps, eraser.Decided = p.places.Stores, p.places.Apps, p.places

	night := p.night(eraser)
	eraser.Residues = night

	p.newWorker(workflows.ResidueQueue, 1).RegisterActivity(&activities.Residues{Night: night, Patience: p.config.Patience()})
	p.background = append(p.background, func(ctx context.Context) error { return p.watchResidue(ctx, night) })
	p.newWorker(workflows.EraseQueue, eraseActivities).RegisterActivity(
		&activities.ErasureStores{Eraser: eraser, Patience: p.config.Patience()})

	return nil
}

// night is the search for what is left of people in the texts of the app's databases.
func (p *process) night(eraser erasure.Eraser) nightly.Night {
	return nightly.Night{
		Steward: p.steward, Keeper: eraser.Keeper, Clock: p.clock, Places: p.places.Texts(), Brake: everywhere.Brake(p.policy, p.log),
	}
}

// registerErasures adds to the core role what decides about erasures, and what lets
// Temporal move them on.
func (p *process) registerErasures(queue worker.Worker, promises workflows.Promises, mirror ledger.Mirror, verifier note.Verifier) error {
	keeper, err := p.keeper()
	if err != nil {
		return err
	}

	certifier, err := p.certifier()
	if err != nil {
		return err
	}

	certifier.Ledger = verifier

	queue.RegisterWorkflowWithOptions(promises.ErasureResidue, workflow.RegisterOptions{Name: workflows.ErasureResidueName})
	queue.RegisterWorkflowWithOptions(promises.Erasure, workflow.RegisterOptions{Name: workflows.ErasureName})
	queue.RegisterActivity(&activities.Erasures{Judge: erasure.Judge{
		Steward: p.steward, Clock: p.clock, Keeper: keeper, Keep: erasure.Record, Certifier: certifier, Mode: p.erasureMode(),
		KeepWebhooks: p.policy.KeepWebhooks(),
		Waiter:       seal.Waiter{DB: p.steward, Mirror: mirror, Verifier: verifier},
	}})

	p.background = append(p.background, p.stir)

	return nil
}

// erasureMode is that of the promise; a policy without it erases nothing.
func (p *process) erasureMode() promise.Mode {
	if p.policy.Promises.Erasure == nil {
		return promise.Observe
	}

	return p.policy.Promises.Erasure.Mode
}

// certifier signs certificates if this process was given the key. A core role of before
// certificates goes on without: an erasure then waits for its first one, and says why.
func (p *process) certifier() (erasure.Certifier, error) {
	company := p.policy.Company
	made := erasure.Certifier{Company: company.Name, Contact: company.Contact, Policy: p.policy.Hash(), Zone: company.Zone}

	for _, each := range p.policy.Exceptions {
		made.Exceptions = append(made.Exceptions, certificate.Exception{Name: each.Name, Basis: each.Basis, Until: each.Until.String()})
	}

	held, err := keys.Holds(p.config.KeysDir, keys.CertificateSigner)
	if err != nil || !held {
		return made, err
	}

	made.Signer, err = keys.Signer(p.config.KeysDir, keys.CertificateSigner)

	return made, err
}

// How often erasures are stirred and holds are ended, and how often every open erasure
// is started again in case Temporal has lost it.
const (
	stirEvery      = 5 * time.Second
	reconcileEvery = time.Hour
	tellTimeout    = 10 * time.Second
)

// erasures is the motor of this process.
func (p *process) erasures() motor.Motor {
	return motor.Motor{
		Steward: p.steward, Temporal: p.temporal, Workflow: workflows.ErasureName, Signal: workflows.ErasureNews, Queue: workflows.CoreQueue,
		Input: func(id string) any { return workflows.ErasureParams{Erasure: id} }, Timeout: p.config.Patience().Of(tellTimeout),
	}
}

// stir lets erasures go on as soon as there is news of them, and ends holds whose time is over. It
// does not end but with the process: what cannot be done now is done at the next look.
func (p *process) stir(ctx context.Context) error {
	if p.faults != nil {
		ctx = faults.Within(faults.With(ctx, p.faults), faults.Part{Operation: motor.Operation})
	}

	every, waited := p.config.Patience().Of(stirEvery), p.config.Patience().Of(reconcileEvery)

	return again(ctx, every, func() {
		if waited >= p.config.Patience().Of(reconcileEvery) {
			if err := p.look(ctx, "starting erasures again", func() (int, error) { return p.erasures().All(ctx) }); err == nil {
				waited = 0
			}

			//nolint:errcheck // logged there, at each look
			_ = p.look(ctx, "removing replay records of ended erasures", func() (int, error) {
				return erasure.Overstayed(ctx, p.steward, p.clock.Now())
			})
			//nolint:errcheck // as above
			_ = p.look(ctx, "asking for what was retained to be erased", func() (int, error) {
				return erasure.RetainedDue(ctx, p.steward, p.clock.Now())
			})
		}

		//nolint:errcheck // logged there; the next look tries again
		_ = p.look(ctx, "ending holds", func() (int, error) { return hold.EndDue(ctx, p.steward, p.clock.Now()) })
		//nolint:errcheck // as above
		_ = p.look(ctx, "telling erasures of their news", func() (int, error) { return p.erasures().Stir(ctx) })

		waited += every
	})
}

// again does something at once, and then each time that so long is over. It does not end but with ctx.
func again(ctx context.Context, every time.Duration, do func()) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()

	for {
		do()

		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// look does one thing in the background and logs where it could not.
func (p *process) look(ctx context.Context, what string, do func() (int, error)) error {
	_, err := do()
	if err != nil && ctx.Err() == nil {
		p.log.ErrorContext(ctx, "something waits", "doing", what, "code", failure.CodeOf(err), "where", failure.Safe(err))
	}

	return err
}
