package main

import (
	"filippo.io/age"
	"go.temporal.io/sdk/worker"
	"golang.org/x/mod/sumdb/note"

	"steward/activities"
	"steward/internal/due"
	"steward/internal/filebackup"
	"steward/internal/filedrill"
	"steward/internal/fileprune"
	"steward/internal/fileremoval"
	"steward/internal/policy"
	"steward/internal/promise"
)

// registerFiles adds what the backup role does for files. Without a bucket for
// their contents there is nothing of them, and nothing to prune.
func (p *process) registerFiles(queue worker.Worker, recipients []age.Recipient, signer note.Signer) {
	if p.policy.Storage.Files == "" {
		return
	}

	rules, bucket := p.policy.Promises.Backups, p.storage.Bucket(p.policy.Storage.Files)
	takers := map[string]filebackup.Taker{}

	for _, files := range rules.Files {
		takers[files.Name] = filebackup.Taker{
			Steward: p.steward, Source: p.storage.Bucket(files.Bucket), Prefix: files.Prefix, Bucket: bucket,
			Recipients: recipients, Signer: signer, Clock: p.clock, Policy: p.policy.Hash(),
		}
	}

	queue.RegisterActivity(&activities.Files{
		Takers: takers, Steward: p.steward, Clock: p.clock, Patience: p.config.Patience(), Window: p.window(),
	})
	queue.RegisterActivity(&activities.FilePrunes{
		Clock: p.clock, Patience: p.config.Patience(),
		Remover: fileremoval.Remover{
			Steward: p.steward, Bucket: bucket, Enforce: rules.Mode == promise.Enforce,
			Rule: fileprune.Rule{
				Keep: rules.Keep, Zone: p.policy.Company.Zone, KeepLastDrilled: rules.WhenBackupsStop == policy.KeepLastDrilled,
				Tolerance: rules.Tolerance.Shortest(),
			},
		},
	})
}

// window says which business days may be backed up.
func (p *process) window() due.Window {
	rules := p.policy.Promises.Backups

	return due.Window{
		Zone: p.policy.Company.Zone, At: rules.At, CatchUp: rules.CatchUp.Longest(), DoneWithin: rules.DoneWithin.Shortest(),
	}
}

// registerFileDrills adds what the drill role does for files.
func (p *process) registerFileDrills(queue worker.Worker, identities []age.Identity, verifier note.Verifier) {
	if p.policy.Storage.Files == "" {
		return
	}

	queue.RegisterActivity(&activities.FileDrills{
		Patience: p.config.Patience(),
		Driller: filedrill.Driller{
			Steward: p.steward, Bucket: p.storage.Bucket(p.policy.Storage.Files), Identities: identities, Verifier: verifier, Clock: p.clock,
		},
	})
}
