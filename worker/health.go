package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/metrics"
	"steward/internal/schema"
)

const (
	// checkTimeout bounds one look at everything; /healthz itself gives up after 5 s.
	checkTimeout = 4 * time.Second
	// wellFor is how long good news holds: probes come from several sides, and
	// must not become load on what they look at.
	wellFor = 5 * time.Second
	// illFor is how long bad news holds: whoever waits for a start asks often.
	illFor = 500 * time.Millisecond
	// probePrefix begins no object's name: listing it proves that the bucket is
	// there and can be read, and costs nothing.
	probePrefix = "healthz/"
)

// check looks at one thing that this process cannot work without.
type check struct {
	name string
	look func(ctx context.Context) error
}

// checks are those of the roles of this process.
func (p *process) checks() []check {
	checks := []check{
		{"steward database", p.migrated},
		{"temporal", func(ctx context.Context) error {
			_, err := p.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})

			return failure.Wrap(failure.TemporalUnavailable, "asking Temporal", err)
		}},
	}

	if slices.Contains(p.roles, core) {
		checks = append(checks, check{"ledger bucket", p.readable(p.policy.Storage.Ledger)})
	}

	if slices.Contains(p.roles, backupRole) || slices.Contains(p.roles, drillRole) {
		checks = append(checks, check{"backups bucket", p.readable(p.policy.Storage.Backups)})
		if p.policy.Storage.Files != "" {
			checks = append(checks, check{"files bucket", p.readable(p.policy.Storage.Files)})
		}
	}

	if p.places != nil {
		checks = append(checks, check{"replay bucket", p.readable(p.policy.Storage.Replay)})
		for _, each := range p.places.Databases {
			checks = append(checks, check{"app database, to erase in", each.Ping})
		}
	}

	if slices.Contains(p.roles, drillRole) {
		checks = append(checks, check{"drill cluster", p.drills.Ping})
	}

	return checks
}

// migrated compares the database with the migrations of this program.
func (p *process) migrated(ctx context.Context) error {
	missing, err := schema.Missing(ctx, p.steward)
	if err == nil && missing > 0 {
		err = failure.New(failure.DatabaseOutOfDate, "comparing the migrations")
	}

	return err
}

// readable lists nothing in the bucket, which fails where it is not there or
// where this process may not read it.
func (p *process) readable(bucket string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		for _, err := range p.storage.Bucket(bucket).List(ctx, probePrefix, gcs.ListOptions{}) {
			return err
		}

		return nil
	}
}

// checkup looks at everything at once, and remembers for a moment what it saw.
// It is safe for concurrent use: who asks meanwhile gets the same answer.
type checkup struct {
	checks []check
	clock  clocks.Clock // of the machine: a moved dev clock makes no answer old

	mu    sync.Mutex
	until time.Time       // owned by mu: how long seen holds
	seen  []metrics.Check // owned by mu
}

// look is the metrics.Health of a process.
func (c *checkup) look(ctx context.Context) []metrics.Check {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.clock.Now().Before(c.until) {
		return c.seen
	}

	// Whoever asked may go away; the next one gets this answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()

	seen := make([]metrics.Check, len(c.checks))

	var all sync.WaitGroup
	for i, each := range c.checks {
		all.Go(func() { seen[i] = metrics.Check{Name: each.name, Err: each.look(ctx)} })
	}

	all.Wait()

	holds := wellFor
	if slices.ContainsFunc(seen, func(one metrics.Check) bool { return one.Err != nil }) {
		holds = illFor
	}

	c.seen, c.until = seen, c.clock.Now().Add(holds)

	return seen
}
