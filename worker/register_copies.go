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

	queue.RegisterActivity(&activities.Copies{
		Patience: p.config.Patience(),
		Copier: copies.Copier{
			Steward: p.steward, Source: source, Places: places, Verifier: verifier, Keep: rules.Keep, Zone: p.policy.Company.Zone,
			Clock: p.clock,
		},
	})

	return nil
}

// copyPruner prunes copies. It is there also without another location: what lies in
// one that left the policy is still pruned at its time.
func (p *process) copyPruner() *copies.Pruner {
	rules, places := p.policy.Promises.Backups, map[string]string{}

	for _, other := range rules.Copies {
		places[other.Bucket] = other.Name
	}

	return &copies.Pruner{
		Steward: p.steward, Storage: p.storage, Places: places, Rule: removal.RuleOf(p.policy), Enforce: rules.Mode == promise.Enforce,
	}
}
