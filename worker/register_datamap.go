package main

import (
	"fmt"

	"go.temporal.io/sdk/worker"

	"steward/activities"
	"steward/internal/policy"
)

// registerDataMap adds the comparison of the data map with the databases to the backup role: it has a login
// that reads the company's databases, and needs no other right for that.
func (p *process) registerDataMap(queue worker.Worker) error {
	sources := map[string]string{}

	for _, database := range p.policy.Promises.Backups.Databases {
		if database.Role != policy.RoleApp {
			continue
		}

		source, err := p.config.SourceURL(database)
		if err != nil {
			return fmt.Errorf("data map of %s: %w", database.Name, err)
		}

		sources[database.Name] = source
	}

	queue.RegisterActivity(&activities.DataMaps{
		File: p.config.DataMap, Policy: p.policy, Sources: sources, Steward: p.steward, Clock: p.clock, Metrics: p.metrics, Log: p.log,
	})

	return nil
}
