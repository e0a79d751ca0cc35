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
	"steward/internal/guard"
	"steward/internal/policy"
	"steward/internal/promise"
	"steward/workflows"
)

// registerFiles adds what the backup role does for files. Without a bucket for
// their contents there is nothing of them, and nothing to prune.
func (p *process) registerFiles(queue worker.Worker, recipients []age.Recipient, signer note.Signer) {
	if p.policy.Storage.Files == "" {
		return
	}

	rules, bucket := p.policy.Promises.Backups, p.storage.Bucket(p.policy.Storage.Files)
	takers, sources := map[string]filebackup.Taker{}, map[string]activities.FileSource{}

	for _, files := range rules.Files {
		sources[files.Name] = activities.FileSource{Bucket: files.Bucket, Prefix: files.Prefix}
		takers[files.Name] = filebackup.Taker{
			Steward: p.steward, Source: p.storage.Bucket(files.Bucket), Prefix: files.Prefix, Bucket: bucket,
			Recipients: recipients, Signer: signer, Clock: p.clock, Policy: p.policy.Hash(),
			Bandwidth: limits(rules.Limits).Bandwidth,
		}
	}

	taking := &activities.Files{
		Takers: takers, Steward: p.steward, Clock: p.clock, Patience: p.config.Patience(), Window: p.window(),
	}
	queue.RegisterActivity(taking)
	p.newWorker(workflows.FilesQueue, p.sets()).RegisterActivity(taking)
	queue.RegisterActivity(&activities.FileGuards{
		Storage: p.storage, Bucket: guard.Files(p.policy, p.config.Location), Sources: sources,
	})
	queue.RegisterActivity(&activities.FilePrunes{
		Clock: p.clock, Patience: p.config.Patience(),
		Remover: fileremoval.Remover{
			Steward: p.steward, Bucket: bucket, Enforce: rules.Mode == promise.Enforce,
			Rule: fileprune.Rule{
				Left: func(files string) bool { return !p.policy.NamesFiles(files) },
				Keep: rules.Keep, Zone: p.policy.Company.Zone, KeepLastDrilled: rules.WhenBackupsStop == policy.KeepLastDrilled,
				Tolerance: rules.Tolerance.Shortest(),
			},
		},
	})
}

// sets is how many steps that move files are at work at once: one for each set, since
// each may take most of a day. Runs from before those steps had a queue of their own
// are served in that of the role.
func (p *process) sets() int { return max(1, len(p.policy.Promises.Backups.Files)) }

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

	drilling := &activities.FileDrills{
		Patience: p.config.Patience(),
		Driller: filedrill.Driller{
			Steward: p.steward, Bucket: p.storage.Bucket(p.policy.Storage.Files), Identities: identities, Verifier: verifier, Clock: p.clock,
		},
	}
	queue.RegisterActivity(drilling)
	p.newWorker(workflows.FilesDrillQueue, p.sets()).RegisterActivity(drilling)
}
