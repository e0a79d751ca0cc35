package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"filippo.io/age"
	"go.temporal.io/sdk/workflow"
	"golang.org/x/mod/sumdb/note"

	"steward/activities"
	"steward/internal/archive"
	"steward/internal/backup"
	"steward/internal/drill"
	"steward/internal/evidence/schedules"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/heartbeat"
	"steward/internal/keys"
	"steward/internal/ledger"
	"steward/internal/ledger/gcsmirror"
	"steward/internal/ledger/seal"
	"steward/internal/policy"
	"steward/internal/promise"
	"steward/internal/removal"
	"steward/workflows"
)

// The concurrency of each role: a dump or a restore is one heavy stream, and
// drills take turns in their cluster anyway.
const (
	coreActivities   = 10
	backupActivities = 2
	drillActivities  = 1
)

func (p *process) register(ctx context.Context, each role) error {
	switch each {
	case core:
		return p.registerCore()
	case backupRole:
		return p.registerBackup()
	case drillRole:
		return p.registerDrill()
	case vendorsRole:
		return p.registerVendors()
	case eraseRole:
		return p.registerErase(ctx)
	default:
		return failure.New(failure.UsageWrong, "registering a role")
	}
}

func (p *process) registerCore() error {
	signer, err := keys.Signer(p.config.KeysDir, keys.LedgerSigner)
	if err != nil {
		return fmt.Errorf("core: %w", err)
	}

	verifier, err := keys.Verifier(p.policy.Keys.Ledger)
	if err != nil {
		return err
	}

	mirror := gcsmirror.New(p.storage.Bucket(p.policy.Storage.Ledger))
	sealer := seal.New(p.steward, mirror, signer, verifier, p.clock, seal.Config{
		MaxWait: p.config.Patience().Of(seal.MaxWait), Timeout: p.config.Patience().Of(seal.Timeout),
	})
	p.background = append(p.background, p.keepNotingPolicy, func(ctx context.Context) error { return p.seal(ctx, sealer) })

	queue := p.newWorker(workflows.CoreQueue, coreActivities)
	promises := workflows.Promises{Patience: p.config.Patience()}
	queue.RegisterWorkflowWithOptions(promises.DailyBackup, workflow.RegisterOptions{Name: workflows.DailyBackupName})
	queue.RegisterWorkflowWithOptions(promises.PruneBackups, workflow.RegisterOptions{Name: workflows.PruneBackupsName})
	queue.RegisterWorkflowWithOptions(promises.PromiseAudit, workflow.RegisterOptions{Name: workflows.PromiseAuditName})
	queue.RegisterWorkflowWithOptions(promises.BackupEvidence, workflow.RegisterOptions{Name: workflows.BackupEvidenceName})
	queue.RegisterActivity(&activities.Reports{
		Steward: p.steward, Signer: signer, Key: verifier, Policy: p.policy, OffFile: p.config.OffFile, Clock: p.clock,
		Schedules: schedules.Reader{Client: p.temporal.ScheduleClient()},
	})

	queue.RegisterWorkflowWithOptions(promises.CopyBackups, workflow.RegisterOptions{Name: workflows.CopyBackupsName})
	queue.RegisterWorkflowWithOptions(promises.DailyFiles, workflow.RegisterOptions{Name: workflows.DailyFilesName})
	queue.RegisterWorkflowWithOptions(promises.PruneFiles, workflow.RegisterOptions{Name: workflows.PruneFilesName})

	audits, err := p.audits(mirror, verifier)
	if err != nil {
		return err
	}

	queue.RegisterWorkflowWithOptions(promises.PruneByHand, workflow.RegisterOptions{Name: workflows.PruneByHandName})
	queue.RegisterActivity(audits)
	queue.RegisterActivity(&activities.Acts{Steward: p.steward, Clock: p.clock})

	if err := p.registerErasures(queue, promises, mirror, verifier); err != nil {
		return err
	}

	return p.registerMessages(queue, promises)
}

// audits makes the activity that judges the promises.
func (p *process) audits(mirror ledger.Mirror, key note.Verifier) (*activities.Audits, error) {
	urls, missing, err := heartbeat.FromEnv(p.policy, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}

	for _, name := range missing {
		p.log.Warn("a promise has no heartbeat outside: its variable is not set", "promise", string(name))
	}

	tellers, err := p.tellers()
	if err != nil {
		return nil, err
	}

	return &activities.Audits{
		Steward: p.steward, Mirror: mirror, LedgerKey: key, Policy: p.policy, OffFile: p.config.OffFile, Clock: p.clock,
		Metrics: p.metrics, Tellers: tellers, Heartbeats: urls,
		Pinger: heartbeat.New(faults.Transport{Base: http.DefaultTransport}, p.config.Patience()), Log: p.log,
		Patience: p.config.Patience(),
	}, nil
}

func (p *process) registerBackup() error {
	signer, err := keys.Signer(p.config.KeysDir, keys.ManifestSigner)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}

	held, err := keys.Holds(p.config.KeysDir, keys.BackupIdentity)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}

	if held {
		return failure.New(failure.ConfigInvalid, "starting the backup role (its STEWARD_KEYS_DIR holds a decryption identity; take it away)")
	}

	bucket := p.storage.Bucket(p.policy.Storage.Backups)

	recipients, err := p.recipients()
	if err != nil {
		return err
	}

	takers, err := p.takers(bucket, recipients, signer)
	if err != nil {
		return err
	}

	rules := p.policy.Promises.Backups
	queue := p.newWorker(workflows.BackupQueue, backupActivities)
	queue.RegisterActivity(&activities.Backups{
		Takers: takers, Steward: p.steward, Clock: p.clock, Patience: p.config.Patience(),
		Window: p.window(), Places: len(rules.Copies),
	})
	queue.RegisterActivity(&activities.Guards{
		Storage: p.storage, Buckets: []guard.Bucket{guard.Backups(p.policy, p.config.Location)},
	})
	p.registerFiles(queue, recipients, signer)
	queue.RegisterActivity(&activities.Prunes{
		Steward: p.steward, Clock: p.clock, Patience: p.config.Patience(), Enforce: rules.Mode == promise.Enforce,
		Remover: removal.Remover{Steward: p.steward, Bucket: bucket},
		Rule:    removal.RuleOf(p.policy),
		Copies:  p.copyPruner(),
	})

	if err := p.registerDataMap(queue); err != nil {
		return err
	}

	return p.registerCopies(queue, bucket)
}

// recipients are those of the policy, whom every backup is encrypted to.
func (p *process) recipients() ([]age.Recipient, error) {
	rules := p.policy.Promises.Backups
	public := make([]string, len(rules.Recipients))

	for i, recipient := range rules.Recipients {
		public[i] = recipient.Key
	}

	recipients, err := archive.Recipients(public)
	if err != nil {
		return nil, fmt.Errorf("backup: %w", err)
	}

	return recipients, nil
}

// takers makes one taker for each database of the policy.
func (p *process) takers(bucket *gcs.Bucket, recipients []age.Recipient, signer note.Signer) (map[string]backup.Taker, error) {
	rules := p.policy.Promises.Backups
	takers := map[string]backup.Taker{}

	for _, database := range rules.Databases {
		source, err := p.config.SourceURL(database)
		if err != nil {
			return nil, fmt.Errorf("backup of %s: %w", database.Name, err)
		}

		takers[database.Name] = backup.Taker{
			Steward: p.steward, Source: source, Bucket: bucket, Recipients: recipients, Signer: signer, Clock: p.clock,
			ToolsDir: p.config.ToolsDir, RefuseVulnerable: rules.RefuseVulnerableClients, Policy: p.policy.Hash(),
			Limits: limits(rules.Limits),
		}
	}

	return takers, nil
}

// limits are those of the policy as a taker wants them.
func limits(stated *policy.Limits) backup.Limits {
	if stated == nil {
		return backup.Limits{}
	}

	held := backup.Limits{Bandwidth: stated.Bandwidth, Nice: stated.Nice}
	if stated.Brake != nil {
		held.MaxLag, held.LoadQuery = stated.Brake.ReplicationLag.Shortest(), stated.Brake.LoadQuery
	}

	return held
}

func (p *process) registerDrill() error {
	identities, err := archive.IdentitiesIn(p.config.KeysDir)
	if err != nil {
		return fmt.Errorf("drill: %w", err)
	}

	verifier, err := keys.Verifier(p.policy.Keys.Manifest)
	if err != nil {
		return err
	}

	queue := p.newWorker(workflows.DrillQueue, drillActivities)
	queue.RegisterActivity(&activities.Drills{
		Patience: p.config.Patience(),
		Driller: drill.Driller{
			Steward: p.steward, Admin: p.config.DrillDatabase, Bucket: p.storage.Bucket(p.policy.Storage.Backups),
			Identities: identities, Verifier: verifier, Clock: p.clock, Patience: p.config.Patience(), ToolsDir: p.config.ToolsDir,
			RefuseVulnerable: p.policy.Promises.Backups.RefuseVulnerableClients,
		},
	})
	p.registerFileDrills(queue, identities, verifier)

	return nil
}

// lookAgain is how long the sequencer rests after it stopped because the copies
// of the ledger do not agree, or that something waits which could not be done.
// Backups go on meanwhile: their entries wait.
const lookAgain = time.Minute

// seal runs the ledger's sequencer. Where it stops because the outcome of a
// commit is unknown, starting it again finds out; where the copies do not agree
// it seals nothing, and says so again at each look.
func (p *process) seal(ctx context.Context, sealer *seal.Sealer) error {
	if p.faults != nil {
		ctx = faults.With(ctx, p.faults)
	}

	report := func(_ seal.Result, err error) {
		if err != nil {
			p.metrics.SealFailed(err)
			p.log.ErrorContext(ctx, "ledger was not sealed", "code", failure.CodeOf(err), "doing", failure.Safe(err))
		}
	}

	for {
		err := sealer.Run(ctx, report)
		if err == nil {
			return nil
		}

		if failure.Is(err, failure.LedgerUnknown) {
			continue
		}

		select {
		case <-ctx.Done():
			return nil
		case <-time.After(p.config.Patience().Of(lookAgain)):
		}
	}
}
