package main

import (
	"context"

	"go.temporal.io/sdk/client"

	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/schema"
)

// activityNames are the registered names of all activities, the closed
// vocabulary of a metric's label.
func activityNames() []string {
	return []string{"OpenDay", "TakeBackup", "PruneBackups", "DrillBackup", "AuditPromises"}
}

func (p *process) newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Options{
		Clock: p.clock, Policy: p.policy, Activities: activityNames(),
		Version: commit, Commit: commit, Role: names(p.roles),
	})
}

// observe serves /metrics and /healthz, if there is an address for them.
func (p *process) observe(ctx context.Context) error {
	if p.config.Listen == "" {
		p.log.InfoContext(ctx, "metrics and health are not served (STEWARD_LISTEN is not set)")
		<-ctx.Done()

		return nil
	}

	return metrics.Serve(ctx, p.config.Listen, p.metrics.Registry(), p.health)
}

// health looks at what this process cannot work without.
func (p *process) health(ctx context.Context) []metrics.Check {
	_, temporalErr := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	stewardErr := p.steward.Ping(ctx)

	if stewardErr == nil {
		stewardErr = p.migrated(ctx)
	}

	return []metrics.Check{
		{Name: "steward database", Err: stewardErr},
		{Name: "temporal", Err: failure.Wrap(failure.TemporalUnavailable, "asking Temporal", temporalErr)},
	}
}

// migrated compares the database with the migrations of this program.
func (p *process) migrated(ctx context.Context) error {
	pending, err := schema.Pending(ctx, p.config.StewardDatabase)
	if err == nil && pending > 0 {
		err = failure.New(failure.DatabaseOutOfDate, "comparing the migrations")
	}

	return err
}
