package main

import (
	"go.temporal.io/sdk/worker"

	"steward/activities"
	"steward/internal/copies"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/keys"
	"steward/internal/promise"
	"steward/internal/removal"
	"steward/workflows"
)

// registerCopies adds what the backup role does for other locations. It is there
// also without one, so that a step of a run that began under another policy ends
// well and does nothing.
func (p *process) registerCopies(queue worker.Worker, source *gcs.Bucket) error {
	verifier, err := keys.Verifier(p.policy.Keys.Manifest)
	if err != nil {
		return err
	}

	rules := p.policy.Promises.Backups

	var places []copies.Place

	for _, other := range rules.Copies {
		places = append(places, copies.Place{
			Name: other.Name, Bucket: p.storage.Bucket(other.Bucket), Wanted: guard.Copies(p.policy, other, p.config.Location),
		})
	}

	copying := &activities.Copies{
		Patience: p.config.Patience(),
		Copier: copies.Copier{
			Steward: p.steward, Source: source, Places: places, Verifier: verifier, Keep: rules.Keep, Zone: p.policy.Company.Zone,
			Clock: p.clock,
		},
	}
	queue.RegisterActivity(copying)
	p.newWorker(workflows.CopiesQueue, p.copyings()).RegisterActivity(copying)

	return nil
}

// copyings is how many steps that copy are at work at once: that of each database's
// day, and the hourly one beside them, which may be at a large backup for hours. Runs
// from before those steps had a queue of their own are served in that of the role.
func (p *process) copyings() int { return len(p.policy.Promises.Backups.Databases) + 1 }

// copyPruner prunes copies. It is there also without another location: what lies in
// one that left the policy is still pruned at its time.
func (p *process) copyPruner() *copies.Pruner {
	rules, places := p.policy.Promises.Backups, map[string]string{}

	for _, other := range rules.Copies {
		places[other.Bucket] = other.Name
	}

	return &copies.Pruner{
		Steward: p.steward, Storage: p.storage, First: p.storage.Bucket(p.policy.Storage.Backups), Places: places,
		Rule: removal.RuleOf(p.policy), Enforce: rules.Mode == promise.Enforce,
	}
}
